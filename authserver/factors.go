package authserver

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"strconv"
	"strings"
	"time"

	"cloakroom/authserver/factor"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/workspace"
)

// secondFactors is what the server needs to check more than passwords.
type secondFactors struct {
	party    *factor.RelyingParty // nil where there can be no passkeys
	sealer   *keys.Sealer
	key      []byte // of challenges
	throttle *throttle
}

const (
	// maxFactors bounds what one account collects.
	maxFactors = 10
	// ceremonyLife is how long a page with a passkey's options, or with a new secret, is good for.
	ceremonyLife = 10 * time.Minute
	// useCeremony names the marks of challenges that were answered.
	useCeremony = "webauthn"
)

func newSecondFactors(cfg *Config, now func() time.Time) (*secondFactors, error) {
	sealer, err := cfg.Sealer()
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, []byte(cfg.KeyEncryptionKey.Reveal()))
	mac.Write([]byte("webauthn challenges"))
	made := &secondFactors{sealer: sealer, key: mac.Sum(nil), throttle: newThrottle(now, factorLeak)}
	if factor.HasPasskeys(cfg.BaseURL) {
		made.party, err = factor.NewRelyingParty(cfg.BaseURL)
	}
	return made, err
}

// challenge makes a challenge for one browser and one purpose out of a nonce, which the page sends back: nothing is kept until it is
// answered. Nobody else can make one (WebAuthn §13.4.3).
func (f *secondFactors) challenge(handle store.Handle, purpose, nonce string) []byte {
	mac := hmac.New(sha256.New, f.key)
	mac.Write([]byte(handle.ID + "\x00" + purpose + "\x00" + nonce))
	return mac.Sum(nil)
}

// newNonce says when it ends, so that its use has to be remembered for that long.
func newNonce(now time.Time) string {
	return strconv.FormatInt(now.Add(ceremonyLife).Unix(), 10) + "." + rand.Text()
}

// answered returns the challenge of a nonce that comes back, once.
func (s *Server) answered(ctx context.Context, iss *issuer, handle store.Handle, purpose, nonce string) ([]byte, error) {
	text, _, _ := strings.Cut(nonce, ".")
	seconds, err := strconv.ParseInt(text, 10, 64)
	if expires := time.Unix(seconds, 0); err != nil || !expires.After(s.now()) || expires.After(s.now().Add(ceremonyLife)) {
		return nil, rejectedBecause("the page is too old")
	}
	switch err := s.store.UseOnce(ctx, iss.Key(), useCeremony, nonce, time.Unix(seconds, 0)); {
	case errors.Is(err, store.ErrConsumed):
		return nil, rejectedBecause("the challenge was answered before")
	case err != nil:
		return nil, storeFailed("use challenge", err)
	}
	return s.factors.challenge(handle, purpose, nonce), nil
}

func rejectedBecause(why string) error { return errors.Join(factor.ErrRejected, errors.New(why)) }

// held are the factors of an account that it can show here.
type held struct {
	all      []store.Factor
	recovery int
}

func (h held) has(kind store.FactorKind) bool {
	for _, one := range h.all {
		if one.Kind == kind {
			return true
		}
	}
	return false
}

func (h held) passkeys() []factor.Passkey {
	var found []factor.Passkey
	for _, one := range h.all {
		if one.Kind == store.FactorPasskey {
			found = append(found, factor.Passkey{ID: one.ID, Credential: one.Credential, Counter: one.Counter})
		}
	}
	return found
}

// reachable is the class that the account can reach.
func (h held) reachable() string {
	switch {
	case h.has(store.FactorPasskey):
		return acrPhishingResistant
	case len(h.all) > 0:
		return acrTwoFactor
	default:
		return acrPassword
	}
}

// heldBy finds them. Where there can be no passkeys any more, those that there were are none.
func (s *Server) heldBy(ctx context.Context, iss *issuer, subject string) (held, error) {
	all, err := s.store.Factors(ctx, iss.Key(), subject)
	if err != nil {
		return held{}, storeFailed("list factors", err)
	}
	found := held{}
	for _, one := range all {
		if one.Kind != store.FactorPasskey || s.factors.party != nil {
			found.all = append(found.all, one)
		}
	}
	if len(found.all) == 0 {
		return found, nil
	}
	if found.recovery, err = s.store.RecoveryCodes(ctx, iss.Key(), subject); err != nil {
		return held{}, storeFailed("count recovery codes", err)
	}
	return found, nil
}

// demand is what an account has to show besides what it has shown.
type demand struct {
	stage stage  // stageRespond for nothing, stageFactor for a factor that it has, stageEnrol for a new one
	class string // that is to be reached
	held  held
}

// demandOf is what is asked of an account that has authenticated: what the policy wants of everybody, and what the request asks for.
func (s *Server) demandOf(ctx context.Context, iss *issuer, request authorizationRequest, subject, have string) (demand, error) {
	if iss.Policy.SecondFactor == workspace.SecondFactorOff || meets(have, acrPhishingResistant) {
		return demand{stage: stageRespond}, nil
	}
	found, err := s.heldBy(ctx, iss, subject)
	if err != nil {
		return demand{}, err
	}
	class := have
	if len(found.all) > 0 || iss.Policy.SecondFactor == workspace.SecondFactorRequired {
		class = stronger(class, acrTwoFactor)
	}
	if wanted := request.goal(have, found.reachable()); wanted != "" {
		class = stronger(class, wanted)
	}
	switch {
	case meets(have, class):
		return demand{stage: stageRespond}, nil
	case len(found.all) == 0:
		return demand{stage: stageEnrol, class: class}, nil
	default:
		return demand{stage: stageFactor, class: class, held: found}, nil
	}
}

// owner is the account as authenticators know it.
func owner(iss *issuer, account store.Account, passkeys []factor.Passkey) factor.Owner {
	return factor.Owner{
		Handle: factor.Handle(iss.Key(), account.Subject), Name: account.Username, DisplayName: displayName(account), Passkeys: passkeys,
	}
}

// secretPlace is where the secret of an authenticator app is kept: it opens nowhere else.
func secretPlace(iss *issuer, subject, id string) string {
	return "totp " + iss.Key() + " " + subject + " " + id
}

// newSecretPlace is where a secret is that no code has confirmed: in the page that shows it.
const newSecretPlace = "new"

// sealSecret is a secret for the page that shows it, which sends it back with the first code.
func (s *Server) sealSecret(iss *issuer, subject string, secret factor.Secret) string {
	return base64.RawURLEncoding.EncodeToString(s.factors.sealer.Seal(secret, secretPlace(iss, subject, newSecretPlace)))
}

// openSecret takes a sealed secret back from a page.
func (s *Server) openSecret(iss *issuer, subject, sealed string) (factor.Secret, error) {
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, oauth.InvalidRequest.Errorf("the secret is not one of ours").Because(err)
	}
	secret, err := s.factors.sealer.Open(raw, secretPlace(iss, subject, newSecretPlace))
	if err != nil {
		return nil, oauth.InvalidRequest.Errorf("the secret is not one of ours").Because(err)
	}
	return secret, nil
}

func newSecret() factor.Secret {
	secret := make(factor.Secret, factor.SecretBytes)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	return secret
}
