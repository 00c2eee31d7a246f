package bff

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"cloakroom/bff/session"
)

const (
	transactionPrefix   = session.CookieName + "-tx-"
	transactionPurpose  = "transaction"
	transactionLifetime = 10 * time.Minute
	// At most five sign-ins run in one browser at a time, and all their cookies leave room in a request's header.
	maxTransactions     = 5
	maxTransactionBytes = 6 << 10
)

// transaction is one sign-in under way. The browser carries it, sealed, in a cookie of its own, so that tabs do not
// disturb each other and nothing is stored for somebody who never comes back (RFC 9700 §4.7.1).
type transaction struct {
	State     string    `json:"s"`
	Nonce     string    `json:"n"`
	Verifier  string    `json:"v"`
	Provider  string    `json:"p"`
	Issuer    string    `json:"i"`
	ReturnURL string    `json:"r"`
	MaxAge    *int64    `json:"m,omitempty"`
	ACR       []string  `json:"a,omitempty"` // acr_values: one of them has to be in the ID token
	ProofKey  []byte    `json:"k,omitempty"` // the DPoP key of the session to come
	Previous  string    `json:"o,omitempty"` // the id of the session record that this sign-in replaces
	Started   time.Time `json:"t"`
	Attempt   int       `json:"q,omitempty"` // how many sign-ins followed each other too fast for a person and made no session
}

// randomText has 256 bits, as base64url: a state, a nonce, or a code verifier of the least length (RFC 7636 §4.1).
func randomText() string {
	var data [32]byte
	_, _ = rand.Read(data[:]) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(data[:])
}

// transactionName names the cookie of a state: only who knows the state finds the cookie.
func transactionName(state string) string {
	hash := sha256.Sum256([]byte(state))
	return transactionPrefix + base64.RawURLEncoding.EncodeToString(hash[:9])
}

// keepTransaction sets the transaction's cookie and deletes the oldest ones that there is no room for.
func (b *BFF) keepTransaction(w http.ResponseWriter, r *http.Request, tx *transaction) error {
	plain, err := json.Marshal(tx)
	if err != nil {
		return err
	}
	name := transactionName(tx.State)
	sealed, err := b.sealer.Seal(transactionPurpose, plain, []byte(name))
	if err != nil {
		return err
	}
	value := base64.RawURLEncoding.EncodeToString(sealed)
	for _, dropped := range b.crowdedOut(r, len(name)+len(value)) {
		http.SetCookie(w, deletedCookie(dropped))
	}
	cookie := deletedCookie(name)
	cookie.Value, cookie.MaxAge = value, int(transactionLifetime/time.Second)
	http.SetCookie(w, cookie)
	return nil
}

// crowdedOut names the transaction cookies of the request that have to go for one of size bytes: unreadable and expired
// ones, then the oldest.
func (b *BFF) crowdedOut(r *http.Request, size int) []string {
	type live struct {
		name    string
		size    int
		started time.Time
	}
	var drop []string
	var keep []live
	for _, cookie := range r.Cookies() {
		if !strings.HasPrefix(cookie.Name, transactionPrefix) {
			continue
		}
		tx, ok := b.openTransaction(cookie)
		if !ok {
			drop = append(drop, cookie.Name)
			continue
		}
		keep = append(keep, live{cookie.Name, len(cookie.Name) + len(cookie.Value), tx.Started})
		size += len(cookie.Name) + len(cookie.Value)
	}
	slices.SortFunc(keep, func(a, b live) int { return cmp.Or(a.started.Compare(b.started), cmp.Compare(a.name, b.name)) })
	for len(keep) > 0 && (len(keep) >= maxTransactions || size > maxTransactionBytes) {
		drop, size, keep = append(drop, keep[0].name), size-keep[0].size, keep[1:]
	}
	return drop
}

// openTransaction unseals a cookie of this program that is bound to its own name and not too old.
func (b *BFF) openTransaction(cookie *http.Cookie) (*transaction, bool) {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return nil, false
	}
	plain, err := b.sealer.Open(transactionPurpose, sealed, []byte(cookie.Name))
	if err != nil {
		return nil, false
	}
	var tx transaction
	if err := json.Unmarshal(plain, &tx); err != nil {
		return nil, false
	}
	age := b.now().Sub(tx.Started)
	return &tx, age < transactionLifetime && age > -clockSkew
}

// deletedCookie has the attributes that a transaction cookie was set with: Lax, because it comes back on a navigation
// from the provider's site. The session cookie is deleted with it too; a browser matches by name, path and domain.
func deletedCookie(name string) *http.Cookie {
	sameSite := http.SameSiteLaxMode
	if name == session.CookieName {
		sameSite = http.SameSiteStrictMode
	}
	return &http.Cookie{Name: name, Path: "/", MaxAge: -1, Secure: true, HttpOnly: true, SameSite: sameSite}
}

// spentStates remembers for as long as a transaction could live which ones came back, so that each is used once even by
// a browser that keeps its cookie (RFC 9700 §4.7.1), and which session came of it.
type spentStates struct {
	now     func() time.Time
	mu      sync.Mutex
	states  map[string]spentState
	oldest  []string
	maximum int
}

type spentState struct {
	at     time.Time
	record string // the id of the session record; empty when the sign-in failed
}

func newSpentStates(now func() time.Time) *spentStates {
	return &spentStates{now: now, states: map[string]spentState{}, maximum: 100_000}
}

// spend reports whether the state was not used before and there is room to remember it: when in doubt, it was.
func (s *spentStates) spend(state string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.oldest) > 0 && s.now().Sub(s.states[s.oldest[0]].at) > transactionLifetime+clockSkew {
		delete(s.states, s.oldest[0])
		s.oldest = s.oldest[1:]
	}
	if _, spent := s.states[state]; spent || len(s.states) >= s.maximum {
		return false
	}
	s.states[state] = spentState{at: s.now()}
	s.oldest = append(s.oldest, state)
	return true
}

func (s *spentStates) completed(state, record string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if known, ok := s.states[state]; ok {
		known.record = record
		s.states[state] = known
	}
}

// session returns the id of the session record that came of a state.
func (s *spentStates) session(state string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.states[state].record
}
