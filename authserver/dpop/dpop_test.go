package dpop

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

const uri = "https://as.example/demo/baseline/oauth2/token"

type object map[string]any

type prover struct {
	private crypto.Signer
	alg     jwa.SignatureAlgorithm
}

func newProver(t testing.TB) prover {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return prover{private, jwa.ES256}
}

func jwkOf(t testing.TB, key any) object {
	t.Helper()
	public, err := jwk.FromRaw(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	var members object
	if err := json.Unmarshal(text, &members); err != nil {
		t.Fatal(err)
	}
	return members
}

func (p prover) sign(t testing.TB, header, claims object) string {
	t.Helper()
	signer, err := jws.NewSigner(p.alg)
	if err != nil {
		t.Fatal(err)
	}
	text := encode(t, header) + "." + encode(t, claims)
	signature, err := signer.Sign([]byte(text), p.private)
	if err != nil {
		t.Fatal(err)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(t testing.TB, o object) string {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func changed(o object, changes object) object {
	all := object{}
	for name, value := range o {
		all[name] = value
	}
	for name, value := range changes {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

type fixture struct {
	prover
	*Verifier
	now time.Time
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{prover: newProver(t), now: time.Unix(1_800_000_000, 0)}
	clock := func() time.Time { return f.now }
	f.Verifier = &Verifier{Once: NewMemory(100, clock).Use, Now: clock}
	return f
}

func (f *fixture) header(t testing.TB) object {
	t.Helper()
	return object{"typ": "dpop+jwt", "alg": f.alg.String(), "jwk": jwkOf(t, f.private.Public())}
}

func (f *fixture) claims() object {
	return object{"jti": rand.Text(), "htm": "POST", "htu": uri, "iat": f.now.Unix()}
}

func (f *fixture) verify(t testing.TB, proof string) (string, error) {
	t.Helper()
	return f.Verify(t.Context(), proof, Request{Method: "POST", URIs: []string{uri}})
}

func TestVerifyAcceptsProofsOfEachAlgorithm(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for _, one := range []prover{newProver(t), {rsaKey, jwa.PS256}, {edKey, jwa.EdDSA}} {
		f := newFixture(t)
		f.prover = one
		jkt, err := f.verify(t, f.sign(t, f.header(t), f.claims()))
		key, _ := jwk.FromRaw(one.private.Public())
		sum, _ := key.Thumbprint(crypto.SHA256)
		if err != nil || jkt != base64.RawURLEncoding.EncodeToString(sum) {
			t.Errorf("%s: %q, %v", one.alg, jkt, err)
		}
	}
}

func TestVerifyChecksEachMemberOfTheProof(t *testing.T) {
	f := newFixture(t)
	now := f.now.Unix()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	strong, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	claims := func(changes object) string { return f.sign(t, f.header(t), changed(f.claims(), changes)) }
	header := func(changes object) string { return f.sign(t, changed(f.header(t), changes), f.claims()) }
	with := func(p prover) string {
		return p.sign(t, object{"typ": "dpop+jwt", "alg": p.alg.String(), "jwk": jwkOf(t, p.private.Public())}, f.claims())
	}
	valid := f.sign(t, f.header(t), f.claims())
	for name, proof := range map[string]string{
		"no jti": claims(object{"jti": nil}), "empty jti": claims(object{"jti": ""}), "long jti": claims(object{"jti": strings.Repeat("a", 300)}),
		"no htm": claims(object{"htm": nil}), "another htm": claims(object{"htm": "GET"}), "htm in lower case": claims(object{"htm": "post"}),
		"no htu": claims(object{"htu": nil}), "another host": claims(object{"htu": "https://evil.example/demo/baseline/oauth2/token"}),
		"another port": claims(object{"htu": "https://as.example:8443/demo/baseline/oauth2/token"}), "another scheme": claims(object{"htu": "http://as.example/demo/baseline/oauth2/token"}),
		"another path": claims(object{"htu": "https://as.example/demo/baseline/oauth2/par"}), "path in upper case": claims(object{"htu": strings.Replace(uri, "token", "TOKEN", 1)}),
		"trailing slash": claims(object{"htu": uri + "/"}), "user": claims(object{"htu": "https://x@as.example/demo/baseline/oauth2/token"}), "htu of two": claims(object{"htu": []string{uri}}),
		"no iat": claims(object{"iat": nil}), "old": claims(object{"iat": now - 71}), "future": claims(object{"iat": now + 11}), "iat in words": claims(object{"iat": "now"}), "iat 1e300": claims(object{"iat": 1e300}),
		"no typ": header(object{"typ": nil}), "typ JWT": header(object{"typ": "JWT"}), "typ at+jwt": header(object{"typ": "at+jwt"}),
		"no jwk": header(object{"jwk": nil}), "another's jwk": header(object{"jwk": jwkOf(t, newProver(t).private.Public())}), "private jwk": header(object{"jwk": jwkOf(t, f.private)}),
		"symmetric jwk": header(object{"jwk": object{"kty": "oct", "k": "AAAA"}, "alg": "HS256"}), "jwk is no object": header(object{"jwk": "x"}), "empty jwk": header(object{"jwk": object{}}),
		"point off the curve": header(object{"jwk": changed(jwkOf(t, f.private.Public()), object{"y": base64.RawURLEncoding.EncodeToString(make([]byte, 32))})}),
		"alg none":            encode(t, changed(f.header(t), object{"alg": "none"})) + "." + encode(t, f.claims()) + ".", "alg HS256": header(object{"alg": "HS256"}), "alg ES384": header(object{"alg": "ES384"}), "no alg": header(object{"alg": nil}),
		"RS256": with(prover{strong, jwa.RS256}), "1024 bits": with(prover{weak, jwa.PS256}),
		"kid and jku": header(object{"jku": "https://evil.example/"}), "x5c": header(object{"x5c": []string{"x"}}), "crit": header(object{"crit": []string{"jti"}}), "b64": header(object{"b64": false}),
		"signature changed": valid[:len(valid)-2] + "AA", "signature cut": valid[:len(valid)-4], "padded": valid + "=", "two dots": valid[:strings.LastIndex(valid, ".")], "empty": "", "not a JWT": "x.y.z",
		"oversized": strings.Repeat("a", 9<<10) + ".b.c",
	} {
		if _, err := f.verify(t, proof); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, proof := range map[string]string{
		"valid": valid, "query and fragment": claims(object{"htu": uri + "?a=b#c"}), "host in upper case": claims(object{"htu": "https://AS.example/demo/baseline/oauth2/token"}),
		"default port": claims(object{"htu": "HTTPS://as.example:443/demo/baseline/oauth2/token"}), "a minute old": claims(object{"iat": now - 60}), "ten seconds ahead": claims(object{"iat": now + 10}),
	} {
		if _, err := f.verify(t, proof); err != nil {
			t.Errorf("control, %s: %v", name, err)
		}
	}
}

func TestVerifyWantsTheHashOfTheAccessToken(t *testing.T) {
	f := newFixture(t)
	sum := sha256.Sum256([]byte("access"))
	hash := base64.RawURLEncoding.EncodeToString(sum[:])
	for ath, want := range map[any]error{nil: ErrInvalid, "": ErrInvalid, "x": ErrInvalid, hash: nil, hash + "=": ErrInvalid} {
		proof := f.sign(t, f.header(t), changed(f.claims(), object{"ath": ath}))
		if _, err := f.Verify(t.Context(), proof, Request{Method: "POST", URIs: []string{uri}, AccessToken: "access"}); !errors.Is(err, want) {
			t.Errorf("ath %v: %v", ath, err)
		}
	}
}

func TestVerifyTakesAProofOnce(t *testing.T) {
	f := newFixture(t)
	proof := f.sign(t, f.header(t), f.claims())
	var passed atomic.Int32
	var running sync.WaitGroup
	for range 50 {
		running.Go(func() {
			if _, err := f.verify(t, proof); err == nil {
				passed.Add(1)
			}
		})
	}
	running.Wait()
	if passed.Load() != 1 {
		t.Errorf("%d of 50 passed", passed.Load())
	}
	// Another key may use the same jti.
	claims := f.claims()
	f.sign(t, f.header(t), claims)
	for range 2 {
		f.prover = newProver(t)
		if _, err := f.verify(t, f.sign(t, f.header(t), claims)); err != nil {
			t.Error(err)
		}
	}
}

func TestVerifyIsUndecidedWhenNobodyKnowsWhetherAProofWasUsed(t *testing.T) {
	f := newFixture(t)
	down := errors.New("down")
	f.Once = func(context.Context, string, time.Time) error { return down }
	if _, err := f.verify(t, f.sign(t, f.header(t), f.claims())); !errors.Is(err, down) || errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func TestNonceIsOfThisServerAndOfNow(t *testing.T) {
	f := newFixture(t)
	f.Nonces = NewNonces([]byte("secret"), "https://as.example")
	proof := func(nonce any) string { return f.sign(t, f.header(t), changed(f.claims(), object{"nonce": nonce})) }
	for name, nonce := range map[string]any{
		"none": nil, "made up": "x", "of another server": NewNonces([]byte("secret"), "https://api.example").Current(f.now),
		"of another secret": NewNonces([]byte("other"), "https://as.example").Current(f.now), "of the future": f.Nonces.Current(f.now.Add(period)),
	} {
		if _, err := f.verify(t, proof(nonce)); !errors.Is(err, ErrNonce) {
			t.Errorf("%s: %v", name, err)
		}
	}
	nonce := f.Nonces.Current(f.now)
	if _, err := f.verify(t, proof(nonce)); err != nil {
		t.Errorf("control: %v", err)
	}
	f.now = f.now.Add(period)
	if _, err := f.verify(t, proof(nonce)); err != nil {
		t.Errorf("of the period before: %v", err)
	}
	f.now = f.now.Add(period)
	if _, err := f.verify(t, proof(nonce)); !errors.Is(err, ErrNonce) {
		t.Errorf("old: %v", err)
	}
}

func TestMemoryIsBoundedAndForgetsWhatIsTooOld(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	memory := NewMemory(3, func() time.Time { return now })
	for _, value := range []string{"a", "b", "c"} {
		if err := memory.Use(t.Context(), value, now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	// D02: at its limit it refuses, and does not forget what it must not.
	if err := memory.Use(t.Context(), "d", now.Add(time.Minute)); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	if err := memory.Use(t.Context(), "a", now.Add(time.Minute)); !errors.Is(err, ErrReplayed) {
		t.Error(err)
	}
	now = now.Add(2 * time.Minute)
	if err := memory.Use(t.Context(), "d", now.Add(time.Minute)); err != nil {
		t.Error(err)
	}
}

func TestProofIsInOneHeader(t *testing.T) {
	header := http.Header{}
	if text, err := Proof(header); text != "" || err != nil {
		t.Error(text, err)
	}
	header.Add("DPoP", "a")
	if text, err := Proof(header); text != "a" || err != nil {
		t.Error(text, err)
	}
	header.Add("dpop", "b") // X05
	if _, err := Proof(header); !errors.Is(err, ErrInvalid) {
		t.Error(err)
	}
}

func FuzzVerify(f *testing.F) {
	f.Add("a.b.c")
	one := newFixture(f)
	f.Add(one.sign(f, one.header(f), one.claims()))
	f.Fuzz(func(t *testing.T, proof string) {
		verifier := &Verifier{Once: NewMemory(1, time.Now).Use, Now: time.Now}
		if _, err := verifier.Verify(t.Context(), proof, Request{Method: "POST", URIs: []string{uri}}); err == nil {
			t.Errorf("%q passes", proof)
		}
	})
}
