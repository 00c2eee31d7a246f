package authserver

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/dpop"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
)

// binding is what a token is bound to: its cnf (RFC 7800). The zero binding is that of a bearer token.
type binding struct {
	JKT         string `json:"jkt,omitzero"`      // RFC 9449 §6.1
	Certificate string `json:"x5t#S256,omitzero"` // RFC 8705 §3.1
}

// text is the cnf as JSON; empty for none.
func (b binding) text() string {
	if b == (binding{}) {
		return ""
	}
	text, _ := json.Marshal(b) // two strings always can be
	return string(text)
}

// parseBinding reads a cnf. One that names nothing that we know binds to nothing that anybody could show, so it is an error.
func parseBinding(text string) (binding, error) {
	var b binding
	if text == "" {
		return b, nil
	}
	err := json.Unmarshal([]byte(text), &b)
	if err == nil && b == (binding{}) {
		err = errors.New("cnf has no member that is known")
	}
	return b, err
}

func (b binding) tokenType() string {
	if b.JKT != "" {
		return oauth.TokenTypeDPoP
	}
	return oauth.TokenTypeBearer
}

// bindingOf finds what the tokens of a request are bound to: the key of its DPoP proof, the client's certificate, or both.
func (s *Server) bindingOf(w http.ResponseWriter, r *http.Request, iss *issuer, c *client.Client) (binding, error) {
	jkt, err := s.proofKey(w, r, iss, "")
	if err != nil {
		return binding{}, err
	}
	bound := binding{JKT: jkt}
	if c.CertificateBound {
		if bound.Certificate, err = s.boundCertificate(r); err != nil {
			return binding{}, err
		}
	}
	// RFC 9449 §5.2, FAPI 2.0 §5.3.2.1 (4): no bearer tokens for a client that is registered for others.
	if bound.JKT == "" && (c.DPoPBound || (iss.FAPI() && bound.Certificate == "")) {
		return binding{}, oauth.InvalidDPoPProof.Errorf("a dpop proof is needed")
	}
	return bound, nil
}

// proofKey verifies the request's DPoP proof and returns the thumbprint of its key; empty if there is no proof. Whoever sends a
// proof learns the nonce for the next one (RFC 9449 §8.2).
func (s *Server) proofKey(w http.ResponseWriter, r *http.Request, iss *issuer, accessToken string) (string, error) {
	text, err := dpop.Proof(r.Header)
	if err == nil && text == "" {
		return "", nil
	}
	w.Header().Set(dpop.NonceHeader, iss.nonces.Current(s.now()))
	verifier := dpop.Verifier{Once: s.useProof(iss), Now: s.now, Checked: trace.Checked}
	if iss.Policy.DPoPNonce.Required() {
		verifier.Nonces = iss.nonces
	}
	jkt := ""
	if err == nil {
		jkt, err = verifier.Verify(r.Context(), text, dpop.Request{Method: r.Method, URIs: s.requestURIs(r), AccessToken: accessToken})
	}
	switch {
	case err == nil:
		return jkt, nil
	case errors.Is(err, dpop.ErrNonce):
		return "", oauth.UseDPoPNonce.Errorf("the dpop proof needs the nonce of this answer").Because(err)
	case errors.Is(err, dpop.ErrInvalid):
		return "", oauth.InvalidDPoPProof.Errorf("the dpop proof is invalid").Because(err)
	default:
		return "", storeFailed("mark proof", err)
	}
}

// requestURIs are the public spellings of a request's URI, made of what is configured and never of the Host header.
func (s *Server) requestURIs(r *http.Request) []string {
	uris := []string{s.baseURL + r.URL.EscapedPath()}
	if s.mutualTLS.baseURL != "" {
		uris = append(uris, s.mutualTLS.baseURL+r.URL.EscapedPath())
	}
	return uris
}

// useProof remembers proofs in the store, so that all instances of the server know.
func (s *Server) useProof(iss *issuer) dpop.Once {
	return func(ctx context.Context, value string, until time.Time) error {
		err := s.store.UseOnce(ctx, iss.Key(), "dpop proof", value, until)
		if errors.Is(err, store.ErrConsumed) {
			return dpop.ErrReplayed
		}
		return err
	}
}

// checkBinding compares what a token is bound to with what its request shows (RFC 9449 §7.1, RFC 8705 §3).
func (b binding) check(shown binding) error {
	if b.JKT != "" && subtle.ConstantTimeCompare([]byte(b.JKT), []byte(shown.JKT)) != 1 {
		return errors.New("bound to another key")
	}
	if b.Certificate != "" && subtle.ConstantTimeCompare([]byte(b.Certificate), []byte(shown.Certificate)) != 1 {
		return errors.New("bound to another certificate")
	}
	return nil
}
