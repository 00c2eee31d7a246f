package authserver

// The limits, for the tests that meet them.
const (
	InteractionBurst  = interactionBurst
	PublicPushBurst   = publicPushBurst
	SignUpBurst       = signUpBurst
	RegistrationBurst = registerBurst
	AddressAttempts   = addressAttempts
	AccountAttempts   = accountAttempts
)

// LimitKeys is how many keys all limits hold.
func LimitKeys(s *Server) int {
	keys := 0
	for _, q := range []*quota{s.limits.interactions, s.limits.allInteractions, s.limits.pushes, s.limits.publicPushes, s.limits.upstreams, s.limits.signUps} {
		q.mu.Lock()
		keys += len(q.buckets)
		q.mu.Unlock()
	}
	s.throttle.mu.Lock()
	defer s.throttle.mu.Unlock()
	return keys + len(s.throttle.failures)
}

// Derivations is how many keys were derived from passwords so far.
func Derivations(s *Server) int64 { return s.accounts.Derived() }
