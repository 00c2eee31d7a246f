package jose

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

var accepted = []jwa.SignatureAlgorithm{jwa.ES256, jwa.PS256, jwa.EdDSA}

// signed is a valid token and the key that verifies it.
func signed(t testing.TB) (string, Key) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	text, err := jws.Sign([]byte(`{"iss":"a","sub":"b"}`), jws.WithKey(jwa.ES256, private))
	if err != nil {
		t.Fatal(err)
	}
	public, err := jwk.FromRaw(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParseKey(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return string(text), key
}

func verify(text string, key Key) error {
	token, err := Parse(text)
	if err != nil {
		return err
	}
	return token.Verify(key, accepted)
}

func TestEveryChangeOfACharacterIsRefused(t *testing.T) {
	text, key := signed(t)
	if err := verify(text, key); err != nil {
		t.Fatalf("control: %v", err)
	}
	const alphabet = "ABab01-_+/=. \n" // J09
	for position := range text {
		for _, letter := range alphabet {
			changed := text[:position] + string(letter) + text[position+1:]
			if changed != text && verify(changed, key) == nil {
				t.Fatalf("%q for %q at %d passes", letter, text[position], position)
			}
		}
	}
}

func TestParseRefusesOtherSpellings(t *testing.T) {
	text, key := signed(t)
	parts := strings.Split(text, ".")
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	for name, other := range map[string]string{
		"padding": text + "=", "space": text + " ", "leading space": " " + text, "line break": parts[0] + ".\n" + parts[1] + "." + parts[2],
		"four parts": text + ".x", "five parts": text + ".x.y", "two parts": parts[0] + "." + parts[1], "no signature": parts[0] + "." + parts[1] + ".",
		"JSON":           `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"header twice":   part(`{"alg":"ES256","alg":"none"}`) + "." + parts[1] + "." + parts[2],
		"in two cases":   part(`{"alg":"ES256","ALG":"none"}`) + "." + parts[1] + "." + parts[2],
		"claims twice":   parts[0] + "." + part(`{"iss":"a","iss":"b"}`) + "." + parts[2],
		"nested twice":   parts[0] + "." + part(`{"a":{"b":1,"b":2}}`) + "." + parts[2],
		"claims a list":  parts[0] + "." + part(`[]`) + "." + parts[2],
		"two objects":    parts[0] + "." + part(`{}{}`) + "." + parts[2],
		"deep":           parts[0] + "." + part(strings.Repeat(`{"a":`, 50)+`1`+strings.Repeat(`}`, 50)) + "." + parts[2],
		"a long kid":     part(`{"alg":"ES256","kid":"`+strings.Repeat("k", 300)+`"}`) + "." + parts[1] + "." + parts[2],
		"kid is a list":  part(`{"alg":"ES256","kid":["k"]}`) + "." + parts[1] + "." + parts[2],
		"compressed":     part(`{"alg":"ES256","zip":"DEF"}`) + "." + parts[1] + "." + parts[2],
		"a megabyte":     strings.Repeat(".", 1<<20), // J10
		"a DER":          parts[0] + "." + parts[1] + "." + part("0E\x02!\x00"),
		"zero signature": parts[0] + "." + parts[1] + "." + part(strings.Repeat("\x00", 64)),
	} {
		if err := verify(other, key); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, key := signed(f)
	f.Add(text[:len(text)-1])
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, given string) {
		if verify(given, key) == nil && given != text {
			t.Errorf("%q passes", given)
		}
	})
}

func FuzzParseKey(f *testing.F) {
	f.Add([]byte(`{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}`))
	f.Add([]byte(`{"kty":"OKP","crv":"Ed25519","x":"AA"}`))
	f.Fuzz(func(_ *testing.T, text []byte) { _, _ = ParseKey(text) })
}
