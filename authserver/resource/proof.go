package resource

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"cloakroom/authserver/dpop"
	"cloakroom/authserver/oauth"
)

// maxProofs is how many DPoP proofs are remembered at once: a thousand requests a second for the minute that each can be used.
const maxProofs = 100_000

// scheme is the scheme that the token is for.
func (t *Token) scheme() string {
	if t.JKT != "" {
		return oauth.TokenTypeDPoP
	}
	return oauth.TokenTypeBearer
}

// checkBinding holds a request to what its token is bound to.
func (v *Verifier) checkBinding(w http.ResponseWriter, r *http.Request, token *Token, scheme, text string) error {
	// RFC 9449 §7.2: a token that is bound to a key is never taken as a bearer token, nor one that is not bound as if it were.
	if !v.check(r.Context(), "token_scheme", "RFC 9449 §7.2", token.scheme() == scheme) {
		return &challenge{scheme: token.scheme(), code: oauth.InvalidToken, description: "the access token is for another scheme"}
	}
	if token.Certificate != "" && !v.check(r.Context(), "certificate", "RFC 8705 §3", presentsCertificate(r, token.Certificate)) {
		return &challenge{scheme: scheme, code: oauth.InvalidToken, description: "the access token is bound to another certificate"}
	}
	if token.JKT == "" {
		return nil
	}
	w.Header().Set(dpop.NonceHeader, v.nonces.Current(v.config.Now()))
	return v.checkProof(r, token, text)
}

// checkProof is RFC 9449 §7.1: the request has a proof for itself and for this token, by the key that the token is bound to.
func (v *Verifier) checkProof(r *http.Request, token *Token, text string) error {
	proof, err := dpop.Proof(r.Header)
	if err == nil && proof == "" {
		return &challenge{scheme: oauth.TokenTypeDPoP, code: oauth.InvalidDPoPProof, description: "a dpop proof is needed"}
	}
	jkt := ""
	if err == nil {
		jkt, err = v.proofs.Verify(r.Context(), proof, dpop.Request{
			Method: r.Method, URIs: []string{v.config.PublicURL + r.URL.EscapedPath()}, AccessToken: text,
		})
	}
	switch {
	case errors.Is(err, dpop.ErrNonce):
		return &challenge{scheme: oauth.TokenTypeDPoP, code: oauth.UseDPoPNonce, description: "the dpop proof needs the nonce of this answer"}
	case errors.Is(err, dpop.ErrInvalid):
		v.config.Logger.DebugContext(r.Context(), "dpop proof refused", "error", err)
		return &challenge{scheme: oauth.TokenTypeDPoP, code: oauth.InvalidDPoPProof, description: "the dpop proof is invalid"}
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case !v.check(r.Context(), "dpop_key", "RFC 9449 §7.1", subtle.ConstantTimeCompare([]byte(jkt), []byte(token.JKT)) == 1):
		return &challenge{scheme: oauth.TokenTypeDPoP, code: oauth.InvalidToken, description: "the access token is bound to another key"}
	}
	return nil
}

// presentsCertificate reports whether the connection has the client certificate with this thumbprint (RFC 8705 §3).
func presentsCertificate(r *http.Request, thumbprint string) bool {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return false
	}
	sum := sha256.Sum256(r.TLS.PeerCertificates[0].Raw)
	return subtle.ConstantTimeCompare([]byte(base64.RawURLEncoding.EncodeToString(sum[:])), []byte(thumbprint)) == 1
}

func proofAlgorithms() string {
	var names []string
	for _, algorithm := range dpop.Algorithms() {
		names = append(names, algorithm.String())
	}
	return strings.Join(names, " ")
}

func originOf(text string) string {
	parsed, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return parsed.Scheme + "://" + parsed.Host
}
