package resource

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// header is a JWS header (RFC 7515 §4.1). The members that would have the verifier use a key of the token's choice, or understand
// something that it does not, are here to be refused.
type header struct {
	Algorithm string `json:"alg"`
	Type      string `json:"typ"`
	KeyID     string `json:"kid"`

	JKU         json.RawMessage `json:"jku"`
	JWK         json.RawMessage `json:"jwk"`
	X5U         json.RawMessage `json:"x5u"`
	X5C         json.RawMessage `json:"x5c"`
	Critical    json.RawMessage `json:"crit"`
	Unencoded   json.RawMessage `json:"b64"`
	Compression json.RawMessage `json:"zip"`
	Encryption  json.RawMessage `json:"enc"`
}

const maxKeyID = 64

func parseHeader(part string) (header, error) {
	var parsed header
	if err := parsePart(part, &parsed); err != nil {
		return header{}, invalid("header: %v", err)
	}
	// RFC 8725 §3.10, RFC 7515 §4.1.11.
	for _, member := range []json.RawMessage{
		parsed.JKU, parsed.JWK, parsed.X5U, parsed.X5C, parsed.Critical, parsed.Unencoded, parsed.Compression, parsed.Encryption,
	} {
		if member != nil {
			return header{}, invalid("header: it has a member that is not accepted (jku, jwk, x5u, x5c, crit, b64, zip or enc)")
		}
	}
	if !isKeyID(parsed.KeyID) {
		return header{}, invalid("header: kid is missing or malformed")
	}
	return parsed, nil
}

// isKeyID reports whether a kid can be one of ours: it is only ever looked up.
func isKeyID(kid string) bool {
	return kid != "" && len(kid) <= maxKeyID && !strings.ContainsFunc(kid, func(r rune) bool { return !isBase64URL(r) })
}

func isBase64URL(r rune) bool {
	return (r >= 'A' && r <= 'Z') || (r >= 'a' && r <= 'z') || (r >= '0' && r <= '9') || r == '-' || r == '_'
}

// split takes a token apart into its three parts, each in base64url without padding (RFC 7515 §3.1).
func split(text string) ([]string, error) {
	if strings.Count(text, ".") != 2 {
		return nil, invalid("it does not have three parts")
	}
	parts := strings.Split(text, ".")
	for _, part := range parts {
		if part == "" || strings.ContainsFunc(part, func(r rune) bool { return !isBase64URL(r) }) {
			return nil, invalid("a part is empty or not base64url")
		}
		if _, err := base64.RawURLEncoding.Strict().DecodeString(part); err != nil {
			return nil, invalid("a part is not base64url")
		}
	}
	return parts, nil
}

// parsePart decodes a part that is a JSON object, each of whose members is there once.
func parsePart(part string, into any) error {
	data, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return errors.New("not base64url")
	}
	if err := checkMembers(data); err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

const maxDepth = 16

// checkMembers refuses an object that repeats a member, at any depth and in any case: two parsers would read two different
// tokens (RFC 7515 §4, RFC 8725 §2.4). encoding/json takes member names in any case.
func checkMembers(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	if err := checkObject(decoder, 1); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// checkObject reads the rest of an object.
func checkObject(decoder *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return errors.New("not JSON")
		}
		folded := strings.ToUpper(strings.ToLower(name.(string))) //nolint:forcetypeassert // the decoder has checked it
		if seen[folded] {
			return errors.New("a member is repeated")
		}
		seen[folded] = true
		if err := checkValue(decoder, depth); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}

// checkValue reads a value.
func checkValue(decoder *json.Decoder, depth int) error {
	value, err := decoder.Token()
	if err != nil {
		return errors.New("not JSON")
	}
	if depth == maxDepth {
		return errors.New("nested too deeply")
	}
	switch value {
	case json.Delim('{'):
		return checkObject(decoder, depth+1)
	case json.Delim('['):
		for decoder.More() {
			if err := checkValue(decoder, depth+1); err != nil {
				return err
			}
		}
		_, err := decoder.Token()
		return err
	default:
		return nil
	}
}
