package resource

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestVerifyReturnsWhatTheTokenSays(t *testing.T) {
	issuer := newIssuer(t)
	token, err := issuer.verifier().Verify(t.Context(), issuer.token())
	if err != nil {
		t.Fatal(err)
	}
	if token.Issuer != issuer.url || token.Subject != "user-1" || token.ClientID != "client-1" || token.ID != "jti-1" ||
		token.Scopes.String() != "notes.read notes.write" || !token.AuthTime.Equal(issuer.clock().Add(-time.Minute)) ||
		token.ACR != "1" || len(token.AMR) != 1 || !token.HasUser() {
		t.Errorf("got %+v", token)
	}
}

// TestVerifyRejectsEveryMutation changes one thing of a valid token at a time. The controls show that it is that which is rejected.
func TestVerifyRejectsEveryMutation(t *testing.T) {
	issuer := newIssuer(t)
	now := issuer.clock().Unix()
	header, claims := issuer.header(), issuer.claims()
	h, c := encode(header), encode(claims)
	valid := issuer.token()
	parts := strings.Split(valid, ".")
	withHeader := func(name string, value any) string { return issuer.sign(header.with(name, value), claims) }
	withClaim := func(name string, value any) string { return issuer.sign(header, claims.with(name, value)) }
	withClaimsText := func(text string) string { return issuer.signRaw(h, encodeText(text)) }
	claimsText := decodeText(t, c)

	mutations := map[string]string{
		"RFC 8725 §3.1: alg none without a signature":   encode(header.with("alg", "none")) + "." + c + ".",
		"RFC 8725 §3.1: alg none with a signature":      withHeader("alg", "none"),
		"RFC 8725 §3.1: alg None":                       withHeader("alg", "None"),
		"RFC 8725 §3.1: alg NONE":                       withHeader("alg", "NONE"),
		"RFC 8725 §3.1: alg nOnE":                       withHeader("alg", "nOnE"),
		"RFC 8725 §3.1: alg missing":                    issuer.sign(header.without("alg"), claims),
		"RFC 8725 §3.1: alg not configured":             withHeader("alg", "ES384"),
		"RFC 8725 §3.1: alg of another spelling":        withHeader("alg", "es256"),
		"RFC 8725 §3.1: alg RS256 of an EC key":         withHeader("alg", "RS256"),
		"RFC 8725 §3.10: jku":                           withHeader("jku", issuer.server.URL+"/keys"),
		"RFC 8725 §3.10: x5u":                           withHeader("x5u", issuer.server.URL+"/keys"),
		"RFC 8725 §3.10: jwk":                           withHeader("jwk", issuer.public("kid-1", &issuer.key.PublicKey)),
		"RFC 8725 §3.10: x5c":                           withHeader("x5c", []string{"MIIB"}),
		"RFC 7515 §4.1.11: crit exp":                    withHeader("crit", []string{"exp"}),
		"RFC 7515 §4.1.11: crit b64":                    issuer.sign(header.with("crit", []string{"b64"}).with("b64", false), claims),
		"RFC 7515 §4.1.11: crit empty":                  withHeader("crit", []string{}),
		"RFC 7515 §4.1.11: crit no array":               withHeader("crit", "exp"),
		"RFC 7516: enc":                                 withHeader("enc", "A128GCM"),
		"RFC 7516: zip":                                 withHeader("zip", "DEF"),
		"RFC 9068 §4: typ missing":                      issuer.sign(header.without("typ"), claims),
		"RFC 9068 §4: typ of an ID token":               withHeader("typ", "JWT"),
		"RFC 9068 §4: typ of a logout token":            withHeader("typ", "logout+jwt"),
		"RFC 9068 §4: typ of a DPoP proof":              withHeader("typ", "dpop+jwt"),
		"kid missing":                                   issuer.sign(header.without("kid"), claims),
		"kid unknown":                                   withHeader("kid", "kid-2"),
		"kid a path":                                    withHeader("kid", "../../dev/null"),
		"kid SQL":                                       withHeader("kid", "' OR 1=1 --"),
		"kid with a zero byte":                          withHeader("kid", "kid-1\x00"),
		"kid an array":                                  withHeader("kid", []string{"kid-1"}),
		"kid too long":                                  withHeader("kid", strings.Repeat("k", maxKeyID+1)),
		"RFC 9068 §4: iss another":                      withClaim("iss", "https://evil.example"),
		"RFC 9068 §4: iss with a slash":                 withClaim("iss", issuer.url+"/"),
		"RFC 9068 §4: iss in another case":              withClaim("iss", strings.ToUpper(issuer.url)),
		"RFC 9068 §4: iss missing":                      issuer.sign(header, claims.without("iss")),
		"RFC 9068 §4: aud another":                      withClaim("aud", "https://other.example/"),
		"RFC 9068 §4: aud a prefix":                     withClaim("aud", strings.TrimSuffix(api, "/")),
		"RFC 9068 §4: aud with more behind it":          withClaim("aud", api+"x"),
		"RFC 9068 §4: aud this API and another":         withClaim("aud", []string{api, "https://other.example/"}),
		"RFC 9068 §4: aud another and this API":         withClaim("aud", []string{"https://other.example/", api}),
		"RFC 9068 §4: aud this API twice":               withClaim("aud", []string{api, api}),
		"RFC 9068 §4: aud empty":                        withClaim("aud", ""),
		"RFC 9068 §4: aud an empty array":               withClaim("aud", []string{}),
		"RFC 9068 §4: aud an object":                    withClaim("aud", map[string]string{"aud": api}),
		"RFC 9068 §4: aud missing":                      issuer.sign(header, claims.without("aud")),
		"RFC 9068 §2.2: sub missing":                    issuer.sign(header, claims.without("sub")),
		"RFC 9068 §2.2: sub empty":                      withClaim("sub", ""),
		"RFC 9068 §2.2: sub a number":                   withClaim("sub", 1),
		"RFC 9068 §2.2: client_id missing":              issuer.sign(header, claims.without("client_id")),
		"RFC 9068 §2.2: jti missing":                    issuer.sign(header, claims.without("jti")),
		"RFC 9068 §2.2: exp missing":                    issuer.sign(header, claims.without("exp")),
		"RFC 9068 §2.2: iat missing":                    issuer.sign(header, claims.without("iat")),
		"RFC 7519 §4.1.4: expired":                      withClaim("exp", now-5),
		"RFC 7519 §4.1.4: exp 1e300":                    withClaimsText(strings.Replace(claimsText, `"exp":`, `"exp":1e300,"x":`, 1)),
		"RFC 7519 §4.1.4: exp beyond the years":         withClaim("exp", int64(253402300800)),
		"RFC 7519 §4.1.4: exp too large for an integer": withClaimsText(strings.Replace(claimsText, `"exp":`, `"exp":99999999999999999999,"x":`, 1)),
		"RFC 7519 §4.1.4: exp negative":                 withClaim("exp", -1),
		"RFC 7519 §4.1.4: exp a fraction":               withClaim("exp", float64(now)+300.5),
		"RFC 7519 §4.1.4: exp a string":                 withClaim("exp", "1900000000"),
		"RFC 7519 §4.1.4: exp null":                     withClaim("exp", nil),
		"RFC 7519 §4.1.5: nbf in the future":            withClaim("nbf", now+60),
		"RFC 7519 §4.1.5: nbf a string":                 withClaim("nbf", "0"),
		"RFC 7519 §4.1.6: iat in the future":            withClaim("iat", now+60),
		"RFC 7519 §4.1.6: iat long ago":                 withClaim("iat", now-25*3600),
		"RFC 7800 §3.1: cnf of an unknown kind":         withClaim("cnf", map[string]string{"kid": "x"}),
		"RFC 7800 §3.1: cnf with empty members":         withClaim("cnf", map[string]string{"jkt": ""}),
		"RFC 7800 §3.1: cnf in words":                   withClaim("cnf", "jkt"),
		"RFC 7800 §3.1: cnf empty":                      withClaim("cnf", map[string]string{}),
		"RFC 7800 §3.1: cnf null":                       withClaim("cnf", nil),
		"OpenID Connect Core §2: an ID token":           issuer.sign(members{"alg": "ES256", "kid": "kid-1", "typ": "JWT"}, claims.with("aud", "client-1").with("nonce", "n")),
		"RFC 7519: a claim twice":                       withClaimsText(strings.Replace(claimsText, `"sub":`, `"sub":"admin","sub":`, 1)),
		"RFC 7519: a claim twice in two cases":          withClaimsText(strings.Replace(claimsText, `"sub":`, `"SUB":"admin","sub":`, 1)),
		"RFC 7519: a claim twice in letters that fold":  withClaimsText(strings.Replace(claimsText, `"sub":`, `"ſub":"admin","sub":`, 1)),
		"RFC 7519: a nested member twice":               withClaimsText(strings.Replace(claimsText, `{`, `{"act":{"sub":"a","sub":"b"},`, 1)),
		"RFC 7515 §4: a header member twice":            issuer.signRaw(encodeText(`{"alg":"ES256","alg":"none","typ":"at+jwt","kid":"kid-1"}`), c),
		"RFC 7519: claims an array":                     withClaimsText("[" + claimsText + "]"),
		"RFC 7519: claims with more behind them":        withClaimsText(claimsText + "{}"),
		"RFC 7519: claims nested deeply":                withClaimsText(strings.Replace(claimsText, `{`, `{"x":`+strings.Repeat("[", 1000)+strings.Repeat("]", 1000)+`,`, 1)),
		"RFC 7519: claims no JSON":                      withClaimsText("claims"),
		"RFC 7515 §3.1: padding":                        valid + "=",
		"RFC 7515 §3.1: four parts":                     valid + ".x",
		"RFC 7515 §3.1: two parts":                      parts[0] + "." + parts[1],
		"RFC 7516 §3.1: five parts":                     valid + ".x.x",
		"RFC 7515 §3.1: empty signature":                parts[0] + "." + parts[1] + ".",
		"RFC 7515 §3.1: standard base64":                parts[0] + "." + parts[1] + "." + "+" + parts[2][1:],
		"RFC 7515 §3.1: a line break":                   parts[0] + "." + parts[1] + "." + parts[2][:40] + "\n" + parts[2][40:],
		"RFC 7515 §3.1: a space in front":               " " + valid,
		"RFC 7515 §3.1: JSON serialization":             `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"RFC 7518 §3.4: signature of zeros":             parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString(make([]byte, 64)),
		"RFC 7518 §3.4: signature in DER":               parts[0] + "." + parts[1] + "." + base64.RawURLEncoding.EncodeToString([]byte{0x30, 6, 2, 1, 1, 2, 1, 1}),
		"the signature of another token":                parts[0] + "." + parts[1] + "." + strings.Split(withClaim("jti", "jti-2"), ".")[2],
		"claims exchanged under the signature":          parts[0] + "." + encode(claims.with("sub", "admin")) + "." + parts[2],
		"larger than a token is":                        withClaim("x", strings.Repeat("x", maxToken)),
		"empty":                                         "",
		"dots":                                          strings.Repeat(".", 1000),
	}
	for name, text := range hmacForgeries(t, issuer) {
		mutations[name] = text
	}
	for name, control := range map[string]string{
		"a valid token":              valid,
		"alg as configured":          withHeader("alg", "ES256"),
		"an unknown header member":   withHeader("x", "y"),
		"typ with its prefix":        withHeader("typ", "application/at+jwt"),
		"aud an array of one":        withClaim("aud", []string{api}),
		"an unknown claim":           withClaimsText(strings.Replace(claimsText, `"exp":`, `"x":1,"exp":`, 1)),
		"expired within the skew":    withClaim("exp", now-4),
		"issued within the skew":     withClaim("iat", now+5),
		"valid since just now":       withClaim("nbf", now),
		"claims nested a little":     withClaimsText(strings.Replace(claimsText, `{`, `{"act":{"sub":"a","act":{"sub":"b"}},`, 1)),
		"as large as a token may be": withClaim("x", strings.Repeat("x", maxToken/2)),
	} {
		if _, err := issuer.verifier().Verify(t.Context(), control); err != nil {
			t.Errorf("control %q: %v", name, err)
		}
	}
	verifier := issuer.verifier()
	for name, text := range mutations {
		if token, err := verifier.Verify(t.Context(), text); !errors.Is(err, ErrInvalid) || token != nil {
			t.Errorf("%s: got %+v, %v", name, token, err)
		}
	}
	if _, err := verifier.Verify(t.Context(), valid); err != nil {
		t.Errorf("the valid token after all that: %v", err)
	}
}

// hmacForgeries are tokens that anybody can make from the public key, for a verifier that lets the header choose the algorithm.
func hmacForgeries(t *testing.T, issuer *issuer) map[string]string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(&issuer.key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	document, err := json.Marshal(issuer.public("kid-1", &issuer.key.PublicKey))
	if err != nil {
		t.Fatal(err)
	}
	forgeries := map[string]string{}
	for name, secret := range map[string][]byte{
		"DER": der, "PEM": pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), "JWK": document,
		"coordinate": issuer.key.X.Bytes(), "nothing": {},
	} {
		input := encode(issuer.header().with("alg", "HS256")) + "." + encode(issuer.claims())
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(input))
		forgeries["RFC 8725 §3.1: HS256 with the public key as "+name] = input + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	return forgeries
}

func TestVerifyRejectsEveryFlippedByte(t *testing.T) {
	issuer := newIssuer(t)
	verifier := issuer.verifier()
	valid := issuer.token()
	for position := range len(valid) {
		for _, flip := range []byte{0x01, 0x20, 0x80} {
			mutated := []byte(valid)
			mutated[position] ^= flip
			if _, err := verifier.Verify(t.Context(), string(mutated)); !errors.Is(err, ErrInvalid) {
				t.Errorf("byte %d, flip %#x: %v", position, flip, err)
			}
		}
	}
	if _, err := verifier.Verify(t.Context(), valid); err != nil {
		t.Errorf("control: %v", err)
	}
}

func decodeText(t *testing.T, part string) string {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func FuzzParts(f *testing.F) {
	f.Add(`{"alg":"ES256","typ":"at+jwt","kid":"k"}`, `{"aud":["a"],"exp":1,"iat":1}`)
	f.Add(`{"alg":1}`, `{"cnf":null}`)
	f.Fuzz(func(t *testing.T, header, claims string) {
		token, err := parse(encodeText(header) + "." + encodeText(claims) + "." + encodeText("signature"))
		if err != nil {
			return
		}
		if !isKeyID(token.Header.KeyID) || token.Header.JWK != nil {
			t.Errorf("header %+v", token.Header)
		}
		if parsed, err := parseClaims(token); err == nil && parsed.Expires != nil && (*parsed.Expires < 0 || *parsed.Expires > 253402300799) {
			t.Errorf("exp %d", *parsed.Expires)
		}
	})
}
