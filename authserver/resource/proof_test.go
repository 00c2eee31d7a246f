package resource

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/authserver/dpop"
)

// holder is a client that holds a key.
type holder struct {
	*issuer
	key   *ecdsa.PrivateKey
	nonce string
}

func (i *issuer) holder() *holder {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		i.tb.Fatal(err)
	}
	return &holder{issuer: i, key: private}
}

func (h *holder) jwk() members {
	public, err := jwk.FromRaw(&h.key.PublicKey)
	if err != nil {
		h.tb.Fatal(err)
	}
	text, err := json.Marshal(public)
	if err != nil {
		h.tb.Fatal(err)
	}
	var all members
	if err := json.Unmarshal(text, &all); err != nil {
		h.tb.Fatal(err)
	}
	return all
}

func (h *holder) thumbprint() string {
	public, err := jwk.FromRaw(&h.key.PublicKey)
	if err != nil {
		h.tb.Fatal(err)
	}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		h.tb.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

// boundToken is a token that is bound to the holder's key.
func (h *holder) boundToken() string {
	return h.sign(h.header(), h.issuer.claims().with("cnf", members{"jkt": h.thumbprint()}))
}

// proof proves a request for the API's notes with the token.
func (h *holder) proof(token string, change func(members) members) string {
	sum := sha256.Sum256([]byte(token))
	claims := members{
		"jti": rand.Text(), "htm": http.MethodGet, "htu": "https://api.example/notes", "iat": h.clock().Unix(),
		"ath": base64.RawURLEncoding.EncodeToString(sum[:]), "nonce": h.nonce,
	}
	if change != nil {
		claims = change(claims)
	}
	signer, err := jws.NewSigner(jwa.ES256)
	if err != nil {
		h.tb.Fatal(err)
	}
	text := encode(members{"typ": "dpop+jwt", "alg": "ES256", "jwk": h.jwk()}) + "." + encode(claims)
	signature, err := signer.Sign([]byte(text), h.key)
	if err != nil {
		h.tb.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

// ask sends a request for the notes through Require.
func ask(verifier *Verifier, authorization string, proofs ...string) *httptest.ResponseRecorder {
	request := httptest.NewRequest(http.MethodGet, "http://internal:8080/notes?x=1", nil)
	request.Header.Set("Authorization", authorization)
	for _, proof := range proofs {
		request.Header.Add("DPoP", proof)
	}
	answer := httptest.NewRecorder()
	next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	verifier.Require("notes.read")(next).ServeHTTP(answer, request)
	return answer
}

func TestRequireHoldsABoundTokenToItsProof(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	owner, thief := issuer.holder(), issuer.holder()
	token := owner.boundToken()
	first := ask(verifier, "DPoP "+token, owner.proof(token, nil))
	owner.nonce = first.Header().Get("DPoP-Nonce")
	if first.Code != http.StatusUnauthorized || owner.nonce == "" || !strings.Contains(first.Header().Get("WWW-Authenticate"), `error="use_dpop_nonce"`) {
		t.Fatalf("without a nonce: %d %v", first.Code, first.Header())
	}
	thief.nonce = owner.nonce
	with := func(name string, value any) string {
		return owner.proof(token, func(m members) members { return m.with(name, value) })
	}
	used := owner.proof(token, nil)
	if got := ask(verifier, "DPoP "+token, used); got.Code != http.StatusNoContent {
		t.Fatalf("control: %d %s", got.Code, got.Body)
	}
	unbound := issuer.token()
	// R17, X01, X02, X04, X05, X06
	for name, test := range map[string]struct {
		authorization string
		proofs        []string
		want          string
	}{
		"as bearer token":            {"Bearer " + token, nil, "invalid_token"},
		"as bearer token, and proof": {"Bearer " + token, []string{owner.proof(token, nil)}, "invalid_token"},
		"no proof":                   {"DPoP " + token, nil, "invalid_dpop_proof"},
		"a proof twice":              {"DPoP " + token, []string{used}, "invalid_dpop_proof"},
		"two proofs":                 {"DPoP " + token, []string{owner.proof(token, nil), owner.proof(token, nil)}, "invalid_dpop_proof"},
		"another key":                {"DPoP " + token, []string{thief.proof(token, nil)}, "invalid_token"},
		"no ath":                     {"DPoP " + token, []string{with("ath", "")}, "invalid_dpop_proof"},
		"ath of another token":       {"DPoP " + token, []string{owner.proof(unbound, nil)}, "invalid_dpop_proof"},
		"another method":             {"DPoP " + token, []string{with("htm", "POST")}, "invalid_dpop_proof"},
		"another path":               {"DPoP " + token, []string{with("htu", "https://api.example/notes/1")}, "invalid_dpop_proof"},
		"another host":               {"DPoP " + token, []string{with("htu", "http://internal:8080/notes")}, "invalid_dpop_proof"},
		"the server's nonce":         {"DPoP " + token, []string{with("nonce", dpop.NewNonces([]byte("as"), issuer.url).Current(issuer.clock()))}, "use_dpop_nonce"},
		"old":                        {"DPoP " + token, []string{with("iat", issuer.clock().Unix()-90)}, "invalid_dpop_proof"},
	} {
		got := ask(verifier, test.authorization, test.proofs...)
		challenge := got.Header().Get("WWW-Authenticate")
		if got.Code != http.StatusUnauthorized || !strings.HasPrefix(challenge, "DPoP ") || !strings.Contains(challenge, `error="`+test.want+`"`) || !strings.Contains(challenge, `algs="ES256 EdDSA PS256"`) {
			t.Errorf("%s: %d %s", name, got.Code, challenge)
		}
	}
	if got := ask(verifier, "DPoP "+unbound, owner.proof(unbound, nil)); got.Code != http.StatusUnauthorized || !strings.HasPrefix(got.Header().Get("WWW-Authenticate"), "Bearer ") {
		t.Errorf("an unbound token as DPoP: %d", got.Code)
	}
	if got := ask(verifier, "Bearer "+unbound); got.Code != http.StatusNoContent {
		t.Errorf("control, bearer: %d", got.Code)
	}
	issuer.advance(4*time.Minute + 30*time.Second)
	if got := ask(verifier, "DPoP "+token, owner.proof(token, nil)); !strings.Contains(got.Header().Get("WWW-Authenticate"), "use_dpop_nonce") {
		t.Errorf("an old nonce: %d", got.Code)
	}
}

func TestRequireHoldsABoundTokenToItsCertificate(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	own, other := &x509.Certificate{Raw: []byte("own")}, &x509.Certificate{Raw: []byte("other")}
	sum := sha256.Sum256(own.Raw)
	token := issuer.sign(issuer.header(), issuer.claims().with("cnf", members{"x5t#S256": base64.RawURLEncoding.EncodeToString(sum[:])}))
	for name, test := range map[string]struct {
		tls  *tls.ConnectionState
		want int
	}{
		"no TLS":         {nil, http.StatusUnauthorized},
		"no certificate": {&tls.ConnectionState{}, http.StatusUnauthorized},
		"another":        {&tls.ConnectionState{PeerCertificates: []*x509.Certificate{other, own}}, http.StatusUnauthorized},
		"its own":        {&tls.ConnectionState{PeerCertificates: []*x509.Certificate{own}}, http.StatusNoContent},
	} {
		request := httptest.NewRequest(http.MethodGet, "/notes", nil)
		request.TLS = test.tls
		request.Header.Set("Authorization", "Bearer "+token)
		request.Header.Set("X-Client-Cert", base64.StdEncoding.EncodeToString(own.Raw)) // R23: means nothing
		answer := httptest.NewRecorder()
		next := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
		verifier.Require()(next).ServeHTTP(answer, request)
		if answer.Code != test.want {
			t.Errorf("%s: %d", name, answer.Code)
		}
	}
}
