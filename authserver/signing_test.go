package authserver_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"sync"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"
)

// keyPair is a client's key, with which a test signs whatever it likes.
type keyPair struct {
	private crypto.Signer
	alg     jwa.SignatureAlgorithm
}

func newKeyPair() *keyPair {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err)
	}
	return &keyPair{private: private, alg: jwa.ES256}
}

// signerKey is the key of the client signer.
var signerKey = sync.OnceValue(newKeyPair)

func (k *keyPair) jwk() map[string]any {
	public, err := jwk.FromRaw(k.private.Public())
	if err != nil {
		panic(err)
	}
	text, err := json.Marshal(public)
	if err != nil {
		panic(err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		panic(err)
	}
	return members
}

func (k *keyPair) publicJWK() string {
	members := k.jwk()
	members["kid"] = "signer-1"
	text, err := json.Marshal(members)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// thumbprint is the key's RFC 7638 thumbprint.
func (k *keyPair) thumbprint() string {
	public, err := jwk.FromRaw(k.private.Public())
	if err != nil {
		panic(err)
	}
	sum, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(sum)
}

type members map[string]any

func (m members) with(changes members) members {
	changed := maps.Clone(m)
	for name, value := range changes {
		if value == nil {
			delete(changed, name)
			continue
		}
		changed[name] = value
	}
	return changed
}

// sign makes a JWS of any header and claims, with the key's algorithm whatever the header says.
func (k *keyPair) sign(header, claims members) string {
	return k.signText(encode(header), encode(claims))
}

func (k *keyPair) signText(header, claims string) string {
	signer, err := jws.NewSigner(k.alg)
	if err != nil {
		panic(err)
	}
	signature, err := signer.Sign([]byte(header+"."+claims), k.private)
	if err != nil {
		panic(err)
	}
	return header + "." + claims + "." + base64.RawURLEncoding.EncodeToString(signature)
}

func encode(m members) string {
	text, err := json.Marshal(m)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(text)
}
