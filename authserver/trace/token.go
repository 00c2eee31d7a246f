package trace

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// maxToken bounds what is taken apart.
const maxToken = 16 << 10

// claimRule says how a claim, or a member of a header, is shown; nil for one that is not.
type claimRule func(m *message, value any) any

// headerRules and claimRules are what is shown of a JWT. The subject, and what else is about a person, is not among it.
var (
	headerRules = map[string]claimRule{"alg": shownWord, "typ": shownWord, "kid": compared, "jkt": compared}
	claimRules  = map[string]claimRule{
		"iss": shownParty, "aud": shownParties, "azp": shownParty, "client_id": shownParty,
		"exp": shownNumber, "iat": shownNumber, "nbf": shownNumber, "auth_time": shownNumber,
		"scope": shownWords, "acr": shownWord, "amr": shownList, "htm": shownMethod, "htu": shownParty,
		"jti": compared, "nonce": compared, "sid": compared, "at_hash": compared, "ath": compared,
		"cnf": confirmed, "events": shownEvents,
	}
)

// decode shows what a JWT says; nil for a text that is none. Its signature stays out: nobody can use what is shown.
func decode(m *message, text string) *Token {
	parts := strings.Split(text, ".")
	if len(text) > maxToken || len(parts) != 3 {
		return nil
	}
	header, claims := object(parts[0]), object(parts[1])
	if header == nil || claims == nil {
		return nil
	}
	token := &Token{}
	if jkt := thumbprint(header["jwk"]); jkt != "" { // a public key is shown as its thumbprint, which is how tokens name it
		delete(header, "jwk")
		header["jkt"] = jkt
	}
	token.Header = token.show(m, header, headerRules)
	token.Claims = token.show(m, claims, claimRules)
	return token
}

func object(part string) map[string]any {
	data, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return nil
	}
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.UseNumber()
	var decoded map[string]any
	if decoder.Decode(&decoded) != nil {
		return nil
	}
	return decoded
}

func (t *Token) show(m *message, members map[string]any, rules map[string]claimRule) map[string]any {
	shown := map[string]any{}
	for name, value := range members {
		rule := rules[name]
		if rule == nil {
			t.Dropped++
			continue
		}
		if one := rule(m, value); one != nil {
			shown[name] = one
		} else {
			t.Dropped++
		}
	}
	return shown
}

// by makes a rule for texts of a rule for parameters.
func by(parameter rule) claimRule {
	return func(m *message, value any) any {
		text, _ := value.(string)
		if shown, ok := parameter(m, text); ok && text != "" {
			return shown.Value
		}
		return nil
	}
}

var (
	shownParty  = by(party)
	shownWord   = by(match(word))
	shownWords  = by(words)
	shownMethod = by(match(regexp.MustCompile(`^[A-Z]{1,16}$`)))
)

// shownParties is an audience: one, or a list.
func shownParties(m *message, value any) any {
	if list, ok := value.([]any); ok {
		return each(m, list, shownParty)
	}
	return shownParty(m, value)
}

func shownList(m *message, value any) any {
	list, _ := value.([]any)
	return each(m, list, shownWord)
}

// each is a list all of whose members are shown, or nothing.
func each(m *message, list []any, rule claimRule) any {
	var shown []any
	for _, one := range list {
		shown = append(shown, rule(m, one))
	}
	if len(shown) == 0 || slices.Contains(shown, nil) {
		return nil
	}
	return shown
}

func shownNumber(_ *message, value any) any {
	if given, ok := value.(json.Number); ok && number.MatchString(given.String()) {
		return given
	}
	return nil
}

func compared(_ *message, value any) any {
	if text, _ := value.(string); text != "" {
		return "digest:" + Digest(text)
	}
	return nil
}

// confirmed is what a token is bound to (RFC 7800 §3.1).
func confirmed(m *message, value any) any {
	members, _ := value.(map[string]any)
	for _, name := range []string{"jkt", "x5t#S256"} {
		if shown := compared(m, members[name]); shown != nil {
			return map[string]any{name: shown}
		}
	}
	return nil
}

// thumbprint is that of a public key (RFC 7638 §3.2); empty for what is none.
func thumbprint(value any) string {
	members, _ := value.(map[string]any)
	kind, _ := members["kty"].(string)
	required := map[string]string{}
	for _, name := range map[string][]string{"EC": {"crv", "kty", "x", "y"}, "OKP": {"crv", "kty", "x"}, "RSA": {"e", "kty", "n"}}[kind] {
		required[name], _ = members[name].(string)
	}
	if len(required) == 0 {
		return ""
	}
	canonical, _ := json.Marshal(required) // in the order of the names
	return Digest(string(canonical))
}

// backchannelLogout is the one event that a token of ours tells (OpenID Connect Back-Channel Logout 1.0 §2.4).
const backchannelLogout = "http://schemas.openid.net/event/backchannel-logout"

func shownEvents(_ *message, value any) any {
	if members, _ := value.(map[string]any); members[backchannelLogout] != nil {
		return map[string]any{backchannelLogout: map[string]any{}}
	}
	return nil
}
