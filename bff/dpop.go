package bff

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const (
	dpopHeader      = "Dpop"
	dpopNonceHeader = "Dpop-Nonce"
	maxNonce        = 1024
)

// proofKey is the key that a session's tokens are bound to (RFC 9449). Every session has its own, kept sealed in its
// record: no two users' tokens work with one key, a stolen record is of no use without the sealing key, and every
// instance can use what another one got. A nil key proves nothing and attaches nothing.
type proofKey struct {
	private *ecdsa.PrivateKey
	public  jwk.Key
}

// newProofKey makes a key, as it is kept: the scalar of a P-256 key, in 32 bytes.
func newProofKey() (string, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", err
	}
	scalar, err := private.Bytes()
	return string(scalar), err
}

// parseProofKey returns nil for the empty text: a session without DPoP.
func parseProofKey(text string) (*proofKey, error) {
	if text == "" {
		return nil, nil //nolint:nilnil // no key is a value here, and nil is what it is
	}
	private, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), []byte(text))
	if err != nil {
		return nil, errors.New("the session's proof key cannot be used")
	}
	public, err := jwk.FromRaw(&private.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("proof key: %w", err)
	}
	return &proofKey{private, public}, nil
}

// thumbprint is what the tokens are bound to (RFC 9449 §6.1), and what an authorization request announces (§10).
func (k *proofKey) thumbprint() (string, error) {
	sum, err := k.public.Thumbprint(crypto.SHA256)
	if err != nil {
		return "", fmt.Errorf("proof key: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// attach adds a proof for this very request (RFC 9449 §4.2). The access token is empty where none is sent.
func (k *proofKey) attach(r *http.Request, accessToken, nonce string, now time.Time) error {
	if k == nil {
		return nil
	}
	proof, err := k.prove(r.Method, r.URL, accessToken, nonce, now)
	if err != nil {
		return err
	}
	r.Header[dpopHeader] = []string{proof}
	return nil
}

func (k *proofKey) prove(method string, target *url.URL, accessToken, nonce string, now time.Time) (string, error) {
	claims := map[string]any{
		"jti": rand.Text(), "htm": method, "iat": now.Unix(),
		// RFC 9449 §4.2: the target without query and fragment.
		"htu": (&url.URL{Scheme: target.Scheme, Host: target.Host, Path: target.Path, RawPath: target.RawPath}).String(),
	}
	if accessToken != "" {
		hash := sha256.Sum256([]byte(accessToken))
		claims["ath"] = base64.RawURLEncoding.EncodeToString(hash[:])
	}
	if nonce != "" {
		claims["nonce"] = nonce
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	headers := jws.NewHeaders()
	for name, value := range map[string]any{jws.TypeKey: "dpop+jwt", jws.JWKKey: k.public} {
		if err := headers.Set(name, value); err != nil {
			return "", err
		}
	}
	signed, err := jws.Sign(payload, jws.WithKey(jwa.ES256, k.private, jws.WithProtectedHeaders(headers)))
	if err != nil {
		return "", fmt.Errorf("sign the DPoP proof: %w", err)
	}
	return string(signed), nil
}

// nonces remembers the last nonce of each server. A nonce is the server's and no user's, so sessions may share it; tokens
// and keys they never do (security row X08). Those of an authorization server and of an API are kept apart (RFC 9449 §9).
type nonces struct {
	mu sync.Mutex
	by map[string]string
}

func newNonces() *nonces { return &nonces{by: map[string]string{}} }

func (n *nonces) of(server string) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.by[server]
}

// learn takes a nonce of a response, whatever its status (RFC 9449 §8.2). The servers are those of the configuration.
func (n *nonces) learn(server, nonce string) {
	if nonce == "" || len(nonce) > maxNonce {
		return
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.by[server] = nonce
}
