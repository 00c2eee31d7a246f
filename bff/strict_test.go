package bff

import (
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// strictness makes the stub demand what FAPI 2.0 demands, and remember what it was given.
type strictness struct {
	keys  func() jwk.Set // the client's, as it publishes them
	dpop  bool
	nonce string // what proofs have to carry; "" for none
	// pushNonce is for a server that wants a proof with its nonce from who pushes a request, too.
	pushNonce bool

	mu         sync.Mutex
	pushed     map[string]url.Values
	assertions []map[string]any
	proofs     []map[string]any
	thumbs     []string
	refused    int // requests sent back for a nonce
	used       map[string]bool
}

func newStrictness(keys func() jwk.Set) *strictness {
	return &strictness{keys: keys, dpop: true, nonce: "nonce-1", pushed: map[string]url.Values{}, used: map[string]bool{}}
}

func (f *strictness) describe(issuer string, document map[string]any) {
	document["pushed_authorization_request_endpoint"] = issuer + "/par"
	document["require_pushed_authorization_requests"] = true
	document["token_endpoint_auth_methods_supported"] = []string{"private_key_jwt"}
	document["token_endpoint_auth_signing_alg_values_supported"] = []string{"ES256", "PS256"}
	document["dpop_signing_alg_values_supported"] = []string{"ES256"}
	document["id_token_signing_alg_values_supported"] = []string{"PS256", "ES256"}
}

// take answers an authorize request with the parameters that were pushed, once.
func (f *strictness) take(query url.Values) url.Values {
	f.mu.Lock()
	defer f.mu.Unlock()
	reference := query.Get("request_uri")
	if len(query) != 2 || query.Get("client_id") == "" {
		return url.Values{"redirect_uri": {"http://127.0.0.1/refused"}}
	}
	pushed := f.pushed[reference]
	delete(f.pushed, reference)
	return pushed
}

func (s *stub) servePAR(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	strict := s.strict
	s.mu.Unlock()
	if strict.pushNonce {
		if !strict.admit(w, r, s) {
			return
		}
	} else if err := strict.checkAssertion(r, s); err != nil {
		writeJSON(w, "application/json", http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": err.Error()})
		return
	}
	reference := "urn:ietf:params:oauth:request_uri:" + rand.Text()
	strict.mu.Lock()
	strict.pushed[reference] = r.PostForm
	strict.mu.Unlock()
	writeJSON(w, "application/json", http.StatusCreated, map[string]any{"request_uri": reference, "expires_in": 60})
}

// admit checks the client's assertion and the proof of a token request.
func (f *strictness) admit(w http.ResponseWriter, r *http.Request, s *stub) bool {
	if err := f.checkAssertion(r, s); err != nil {
		writeJSON(w, "application/json", http.StatusUnauthorized, map[string]string{"error": "invalid_client", "error_description": err.Error()})
		return false
	}
	if !f.dpop {
		return true
	}
	claims, thumb, err := parseProof(r, s.issuer()+r.URL.Path, "")
	if err != nil {
		writeJSON(w, "application/json", http.StatusBadRequest, map[string]string{"error": "invalid_dpop_proof", "error_description": err.Error()})
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.used[claims["jti"].(string)] {
		writeJSON(w, "application/json", http.StatusBadRequest, map[string]string{"error": "invalid_dpop_proof", "error_description": "replayed"})
		return false
	}
	f.used[claims["jti"].(string)] = true
	if f.nonce != "" && claims["nonce"] != f.nonce {
		f.refused++
		w.Header().Set("DPoP-Nonce", f.nonce)
		writeJSON(w, "application/json", http.StatusBadRequest, map[string]string{"error": "use_dpop_nonce"})
		return false
	}
	f.proofs, f.thumbs = append(f.proofs, claims), append(f.thumbs, thumb)
	return true
}

// checkAssertion is RFC 7523 §3 with the audience of row N01 and the single use of row K01.
func (f *strictness) checkAssertion(r *http.Request, s *stub) error {
	if r.Header.Get("Authorization") != "" || r.PostForm.Get("client_secret") != "" {
		return fmt.Errorf("two ways of client authentication")
	}
	if r.PostForm.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return fmt.Errorf("no assertion")
	}
	payload, err := jws.Verify([]byte(r.PostForm.Get("client_assertion")), jws.WithKeySet(f.keys(), jws.WithInferAlgorithmFromKey(true)))
	if err != nil {
		return err
	}
	var claims map[string]any
	if err := json.Unmarshal(payload, &claims); err != nil {
		return err
	}
	lifetime := claims["exp"].(float64) - claims["iat"].(float64)
	if claims["aud"] != any(s.issuer()) || claims["iss"] != claims["sub"] || claims["sub"] != r.PostForm.Get("client_id") || lifetime > 60 || lifetime <= 0 {
		return fmt.Errorf("claims %v", claims)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.used[claims["jti"].(string)] {
		return fmt.Errorf("assertion replayed")
	}
	f.used[claims["jti"].(string)] = true
	f.assertions = append(f.assertions, claims)
	return nil
}

// parseProof is RFC 9449 §4.3, as a server does it.
func parseProof(r *http.Request, target, accessToken string) (claims map[string]any, thumbprint string, err error) {
	proofs := r.Header.Values("DPoP")
	if len(proofs) != 1 {
		return nil, "", fmt.Errorf("%d proofs", len(proofs))
	}
	message, err := jws.Parse([]byte(proofs[0]))
	if err != nil {
		return nil, "", err
	}
	header := message.Signatures()[0].ProtectedHeaders()
	if header.Type() != "dpop+jwt" || header.Algorithm() != jwa.ES256 || header.JWK() == nil {
		return nil, "", fmt.Errorf("header %v", header)
	}
	if raw, _ := base64.RawURLEncoding.DecodeString(strings.Split(proofs[0], ".")[0]); strings.Contains(string(raw), `"d":`) {
		return nil, "", fmt.Errorf("the header holds the private key")
	}
	payload, err := jws.Verify([]byte(proofs[0]), jws.WithKey(jwa.ES256, header.JWK()))
	if err != nil {
		return nil, "", err
	}
	if err := json.Unmarshal(payload, &claims); err != nil {
		return nil, "", err
	}
	if claims["htm"] != r.Method || claims["htu"] != target || claims["jti"] == "" {
		return nil, "", fmt.Errorf("claims %v, want %s %s", claims, r.Method, target)
	}
	if hash := sha256.Sum256([]byte(accessToken)); accessToken != "" && claims["ath"] != base64.RawURLEncoding.EncodeToString(hash[:]) {
		return nil, "", fmt.Errorf("ath of another token")
	}
	sum, err := header.JWK().Thumbprint(crypto.SHA256)
	return claims, base64.RawURLEncoding.EncodeToString(sum), err
}

func (f *strictness) distinct(list []map[string]any, claim string) bool {
	var seen []any
	for _, claims := range list {
		if slices.Contains(seen, claims[claim]) {
			return false
		}
		seen = append(seen, claims[claim])
	}
	return true
}

func (s *stub) serveRevoke(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = append(s.revoked, r.PostForm.Get("token"))
	w.WriteHeader(http.StatusOK)
}

func (s *stub) revocations() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.revoked...)
}
