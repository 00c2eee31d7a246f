package trace

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"

	"cloakroom/bff/api"
)

const (
	maxToken = 16 << 10
	// refPrefix marks a claim that may only be compared.
	refPrefix = "ref:"
)

// token decodes a JWT as far as it may be shown; nil for what is none. The signature is not looked at: nothing here trusts the
// token, and its bytes are never sent.
func (r *redactor) token(compact string) *api.TraceToken {
	parts := strings.Split(compact, ".")
	if len(parts) != 3 || len(compact) > maxToken {
		return nil
	}
	header, ok := decodeObject(parts[0])
	if !ok {
		return nil
	}
	payload, ok := decodeObject(parts[1])
	if !ok {
		return nil
	}
	shown := &api.TraceToken{Header: map[string]any{}, Claims: map[string]any{}}
	for name, value := range header {
		if name == "jwk" {
			r.proofKey(shown, value)
			continue
		}
		shown.Dropped += r.claim(shown.Header, name, value, joseHeader[name])
	}
	for name, value := range payload {
		if name == "cnf" {
			r.confirmation(shown, value)
			continue
		}
		shown.Dropped += r.claim(shown.Claims, name, value, claims[name])
	}
	return shown
}

func decodeObject(part string) (map[string]any, bool) {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil, false
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var object map[string]any
	return object, decoder.Decode(&object) == nil && object != nil
}

// claim shows one claim, and returns 1 when it is dropped.
func (r *redactor) claim(into map[string]any, name string, value any, how treatment) (dropped int) {
	switch value := value.(type) {
	case string:
		if how.byReference && value != "" {
			into[name] = refPrefix + r.reference(value)
			return 0
		}
		if how.public != nil && how.public(value) != "" {
			into[name] = how.public(value)
			return 0
		}
	case json.Number:
		if how.public != nil && how.public(value.String()) != "" {
			into[name] = value
			return 0
		}
	case []any:
		return r.list(into, name, value, how)
	}
	return 1
}

// list shows a list of texts (aud, amr) if each may be shown.
func (*redactor) list(into map[string]any, name string, values []any, how treatment) (dropped int) {
	if how.public == nil || len(values) == 0 || len(values) > 10 {
		return 1
	}
	shown := make([]string, 0, len(values))
	for _, value := range values {
		text, _ := value.(string)
		if text = how.public(text); text == "" {
			return 1
		}
		shown = append(shown, text)
	}
	into[name] = shown
	return 0
}

// confirmation shows which key a token is bound to (RFC 9449 §6.1).
func (r *redactor) confirmation(shown *api.TraceToken, value any) {
	object, _ := value.(map[string]any)
	jkt, _ := object["jkt"].(string)
	if jkt == "" {
		shown.Dropped++
		return
	}
	shown.Claims["cnf"] = map[string]any{"jkt": refPrefix + r.reference(jkt)}
	shown.Dropped += len(object) - 1
}

// proofKey shows the key of a proof by its thumbprint (RFC 7638 §3), as tokens name it.
func (r *redactor) proofKey(shown *api.TraceToken, value any) {
	key, _ := value.(map[string]any)
	member := func(name string) string {
		text, _ := key[name].(string)
		return text
	}
	var canonical any
	switch member("kty") {
	case "EC":
		canonical = struct {
			Crv string `json:"crv"`
			Kty string `json:"kty"`
			X   string `json:"x"`
			Y   string `json:"y"`
		}{member("crv"), "EC", member("x"), member("y")}
	case "OKP":
		canonical = struct {
			Crv string `json:"crv"`
			Kty string `json:"kty"`
			X   string `json:"x"`
		}{member("crv"), "OKP", member("x")}
	case "RSA":
		canonical = struct {
			E   string `json:"e"`
			Kty string `json:"kty"`
			N   string `json:"n"`
		}{member("e"), "RSA", member("n")}
	default:
		shown.Dropped++
		return
	}
	data, err := json.Marshal(canonical)
	if err != nil {
		shown.Dropped++
		return
	}
	sum := sha256.Sum256(data)
	jkt := refPrefix + r.reference(base64.RawURLEncoding.EncodeToString(sum[:]))
	shown.Header["jwk"] = map[string]any{"kty": member("kty"), "jkt": jkt}
}
