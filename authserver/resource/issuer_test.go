package resource

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const api = "https://api.example/"

// issuer is an authorization server that publishes metadata and keys, and signs what it is told to.
type issuer struct {
	tb       testing.TB
	server   *httptest.Server
	url      string
	key      *ecdsa.PrivateKey
	keys     atomic.Value // of any: what it publishes
	fetches  atomic.Int64 // of the keys
	down     atomic.Bool
	metadata atomic.Value // of func(*issuer) any

	mu  sync.Mutex
	now time.Time
}

func newIssuer(tb testing.TB) *issuer {
	tb.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	i := &issuer{tb: tb, key: private, now: time.Unix(1_800_000_000, 0)}
	i.server = httptest.NewServer(http.HandlerFunc(i.serve))
	tb.Cleanup(i.server.Close)
	i.url = i.server.URL + "/demo/baseline"
	i.publish(i.public("kid-1", &private.PublicKey))
	i.metadata.Store(func(i *issuer) any {
		return map[string]string{"issuer": i.url, "jwks_uri": i.server.URL + "/keys"}
	})
	return i
}

func (i *issuer) serve(w http.ResponseWriter, r *http.Request) {
	switch {
	case i.down.Load():
		http.Error(w, "down", http.StatusBadGateway)
	case r.URL.Path == "/.well-known/oauth-authorization-server/demo/baseline":
		_ = json.NewEncoder(w).Encode(i.metadata.Load().(func(*issuer) any)(i))
	case r.URL.Path == "/keys":
		i.fetches.Add(1)
		_ = json.NewEncoder(w).Encode(i.keys.Load())
	default:
		http.NotFound(w, r)
	}
}

// public is a key as it is published.
func (i *issuer) public(kid string, raw any) map[string]any {
	i.tb.Helper()
	parsed, err := jwk.FromRaw(raw)
	if err != nil {
		i.tb.Fatal(err)
	}
	data, err := json.Marshal(parsed)
	if err != nil {
		i.tb.Fatal(err)
	}
	published := map[string]any{}
	if err := json.Unmarshal(data, &published); err != nil {
		i.tb.Fatal(err)
	}
	published["kid"], published["use"] = kid, "sig"
	return published
}

func (i *issuer) publish(keys ...map[string]any) { i.keys.Store(map[string]any{"keys": keys}) }

func (i *issuer) advance(by time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.now = i.now.Add(by)
}

func (i *issuer) clock() time.Time {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.now
}

// verifier is a resource server of the issuer.
func (i *issuer) verifier(change ...func(*Config)) *Verifier {
	i.tb.Helper()
	config := Config{Issuer: i.url, Audience: api, Algorithms: []string{"ES256"}, Now: i.clock, Logger: slog.New(slog.DiscardHandler)}
	for _, change := range change {
		change(&config)
	}
	verifier, err := New(i.tb.Context(), config)
	if err != nil {
		i.tb.Fatal(err)
	}
	return verifier
}

// members are the members of a header or a claims set.
type members map[string]any

func (m members) with(name string, value any) members {
	changed := maps.Clone(m)
	changed[name] = value
	return changed
}

func (m members) without(name string) members {
	changed := maps.Clone(m)
	delete(changed, name)
	return changed
}

func (i *issuer) header() members { return members{"alg": "ES256", "typ": "at+jwt", "kid": "kid-1"} }

func (i *issuer) claims() members {
	now := i.clock().Unix()
	return members{
		"iss": i.url, "sub": "user-1", "aud": api, "client_id": "client-1", "jti": "jti-1", "scope": "notes.read notes.write",
		"iat": now, "exp": now + 300, "auth_time": now - 60, "acr": "1", "amr": []string{"pwd"},
	}
}

// token is a valid token.
func (i *issuer) token() string { return i.sign(i.header(), i.claims()) }

// sign signs a header and claims with the issuer's key.
func (i *issuer) sign(header, claims members) string {
	return i.signRaw(encode(header), encode(claims))
}

// signRaw signs any two parts with the issuer's key, whatever they say.
func (i *issuer) signRaw(header, claims string) string {
	i.tb.Helper()
	signer, err := jws.NewSigner(jwa.ES256)
	if err != nil {
		i.tb.Fatal(err)
	}
	signature, err := signer.Sign([]byte(header+"."+claims), i.key)
	if err != nil {
		i.tb.Fatal(err)
	}
	return header + "." + claims + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(value any) string {
	var data bytes.Buffer
	encoder := json.NewEncoder(&data)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic(err)
	}
	return encodeText(string(bytes.TrimSpace(data.Bytes())))
}

func encodeText(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
