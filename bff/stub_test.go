package bff

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// stub is an OpenID provider that can misbehave. It signs everybody in at once.
type stub struct {
	t      *testing.T
	server *httptest.Server
	rsa    *rsa.PrivateKey
	ec     *ecdsa.PrivateKey
	now    func() time.Time

	mu       sync.Mutex
	requests map[string]int // by path
	forms    []url.Values   // of the token endpoint
	users    []string       // of its client authentication
	codes    map[string]url.Values
	revoked  []string
	serial   int

	// What a test may change. They are read under mu.
	metadata  func(map[string]any)
	kid       string
	alg       jwa.SignatureAlgorithm
	key       any // signs instead of rsa
	header    map[string]any
	claims    func(map[string]any)
	sign      func(payload []byte) string
	respond   func(map[string]any)
	refuse    func(form url.Values) (status int, body string) // of the token endpoint
	userinfo  map[string]any
	describe  http.HandlerFunc // answers in place of the userinfo endpoint
	hold      chan struct{}    // the token endpoint waits for it
	lifetime  time.Duration
	noRefresh bool
	intercept func(w http.ResponseWriter, r *http.Request) bool // answers in place of the token endpoint
	keys      http.HandlerFunc                                  // answers in place of the key set
	strict    *strictness                                       // FAPI 2.0; nil is a plain provider
}

// stubKey is made once: an RSA key takes longer than everything else in a test.
var stubKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, _ := rsa.GenerateKey(rand.Reader, 2048)
	return key
})

func newStub(t *testing.T, now func() time.Time) *stub {
	t.Helper()
	s := &stub{t: t, now: now, requests: map[string]int{}, codes: map[string]url.Values{}, kid: "k1", alg: jwa.RS256, lifetime: 5 * time.Minute}
	s.rsa = stubKey()
	s.ec, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", s.serveMetadata)
	mux.HandleFunc("/keys", s.serveKeys)
	mux.HandleFunc("/authorize", s.serveAuthorize)
	mux.HandleFunc("/token", s.serveToken)
	mux.HandleFunc("/revoke", s.serveRevoke)
	mux.HandleFunc("/par", s.servePAR)
	mux.HandleFunc("/userinfo", s.serveUserinfo)
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.requests[r.URL.Path]++
		s.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *stub) issuer() string { return s.server.URL }

func (s *stub) count(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests[path]
}

func (s *stub) change(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *stub) serveMetadata(w http.ResponseWriter, _ *http.Request) {
	document := map[string]any{
		"issuer": s.issuer(), "authorization_endpoint": s.issuer() + "/authorize", "token_endpoint": s.issuer() + "/token",
		"jwks_uri": s.issuer() + "/keys", "userinfo_endpoint": s.issuer() + "/userinfo", "revocation_endpoint": s.issuer() + "/revoke",
		"end_session_endpoint":                           s.issuer() + "/logout",
		"id_token_signing_alg_values_supported":          []string{"RS256", "ES256", "HS256", "none"},
		"code_challenge_methods_supported":               []string{"S256"},
		"authorization_response_iss_parameter_supported": true,
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.strict != nil {
		s.strict.describe(s.issuer(), document)
	}
	if s.metadata != nil {
		s.metadata(document)
	}
	writeJSON(w, "application/json", 200, document)
}

func (s *stub) serveUserinfo(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	answer, claims := s.describe, s.userinfo
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	writeJSON(w, "application/json", 200, claims)
}

func (s *stub) serveKeys(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	answer := s.keys
	s.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	s.writeKeys(w)
}

func (s *stub) writeKeys(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	set := jwk.NewSet()
	for kid, key := range map[string]any{s.kid: &s.rsa.PublicKey, s.kid + "-ec": &s.ec.PublicKey} {
		public, err := jwk.FromRaw(key)
		if err != nil {
			s.t.Error(err)
			return
		}
		_ = public.Set(jwk.KeyIDKey, kid)
		_ = set.AddKey(public)
	}
	writeJSON(w, "application/json", 200, set)
}

// serveAuthorize answers as if the user had signed in and consented.
func (s *stub) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	code := rand.Text()
	s.mu.Lock()
	if s.strict != nil {
		query = s.strict.take(query)
	}
	s.codes[code] = query
	s.mu.Unlock()
	redirect(w, withQuery(query.Get("redirect_uri"), url.Values{"code": {code}, "state": {query.Get("state")}, "iss": {s.issuer()}}))
}

func (s *stub) serveToken(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm()
	s.mu.Lock()
	s.forms = append(s.forms, r.PostForm)
	user, password, _ := r.BasicAuth()
	s.users = append(s.users, user+":"+password)
	hold, refuseToken, strict, intercept := s.hold, s.refuse, s.strict, s.intercept
	s.mu.Unlock()
	if intercept != nil && intercept(w, r) {
		return
	}
	if strict != nil && !strict.admit(w, r, s) {
		return
	}
	if hold != nil {
		<-hold
	}
	if refuseToken != nil {
		if status, body := refuseToken(r.PostForm); status != 0 {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
			return
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.serial++
	response := map[string]any{
		"access_token": "at-" + rand.Text(), "token_type": "Bearer", "expires_in": int(s.lifetime.Seconds()),
		"refresh_token": "rt-" + rand.Text(), "scope": "openid profile notes.read",
	}
	if strict != nil && strict.dpop {
		response["token_type"] = "DPoP"
	}
	if s.noRefresh {
		delete(response, "refresh_token")
	}
	if r.PostForm.Get("grant_type") == "authorization_code" {
		asked, ok := s.codes[r.PostForm.Get("code")]
		challenge := sha256.Sum256([]byte(r.PostForm.Get("code_verifier")))
		if !ok || asked.Get("code_challenge") != base64.RawURLEncoding.EncodeToString(challenge[:]) || asked.Get("redirect_uri") != r.PostForm.Get("redirect_uri") {
			writeJSON(w, "application/json", 400, map[string]string{"error": "invalid_grant"})
			return
		}
		delete(s.codes, r.PostForm.Get("code"))
		response["id_token"] = s.idToken(asked, response["access_token"].(string))
	}
	if s.respond != nil {
		s.respond(response)
	}
	writeJSON(w, "application/json", 200, response)
}

func (s *stub) idToken(asked url.Values, accessToken string) string {
	hash := sha256.Sum256([]byte(accessToken))
	claims := map[string]any{
		"iss": s.issuer(), "sub": "alice", "aud": asked.Get("client_id"), "nonce": asked.Get("nonce"), "name": "Alice",
		"secret_claim": "not for the page", "sid": "sid-1", "iat": s.now().Unix(), "exp": s.now().Add(5 * time.Minute).Unix(),
		"auth_time": s.now().Unix(), "acr": "pwd", "amr": []string{"pwd"},
		"at_hash": base64.RawURLEncoding.EncodeToString(hash[:16]),
	}
	if s.claims != nil {
		s.claims(claims)
	}
	payload, _ := json.Marshal(claims)
	if s.sign != nil {
		return s.sign(payload)
	}
	key := s.key
	if key == nil {
		key = s.rsa
	}
	return signWith(s.t, payload, s.alg, key, s.kid, s.header)
}

func signWith(t *testing.T, payload []byte, alg jwa.SignatureAlgorithm, key any, kid string, extra map[string]any) string {
	t.Helper()
	headers := jws.NewHeaders()
	all := map[string]any{"kid": kid, "typ": "JWT"}
	maps.Copy(all, extra)
	for name, value := range all {
		if err := headers.Set(name, value); err != nil {
			t.Errorf("set header %q: %v", name, err)
		}
	}
	signed, err := jws.Sign(payload, jws.WithKey(alg, key, jws.WithProtectedHeaders(headers)))
	if err != nil {
		t.Errorf("sign: %v", err)
	}
	return string(signed)
}
