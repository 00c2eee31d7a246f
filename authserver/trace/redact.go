package trace

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Digest is how a value is told that may only be compared: two are equal if their digests are. The values are keys, tokens and
// random names; what can be guessed is not told as a digest either.
func Digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// rule says how a value is shown; ok is false for one that is not.
type rule func(m *message, text string) (Value, bool)

// rules are the parameters and members that are shown. What is not here is dropped and counted: names are not known to be harmless
// because nobody has thought of them.
var rules = map[string]rule{
	"client_id": client, "iss": party, "aud": party, "resource": party, "redirect_uri": party, "post_logout_redirect_uri": party,
	"scope": words, "acr": words, "acr_values": words, "error": match(errorCode),
	"expires_in": match(number), "exp": match(number), "iat": match(number), "auth_time": match(number), "max_age": match(number),
	"response_type": oneOf("code"), "response_mode": oneOf("query", "form_post", "fragment"),
	"code_challenge_method": oneOf("S256", "plain"), "prompt": oneOf("none", "login", "consent", "select_account"),
	"grant_type": oneOf("authorization_code", "refresh_token", "client_credentials"), "token_type": oneOf("Bearer", "DPoP"),
	"client_assertion_type": oneOf("urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
	"token_type_hint":       oneOf("access_token", "refresh_token"), "active": oneOf("true", "false"),

	"state": compare, "nonce": compare, "code_challenge": compare, "request_uri": compare, "jti": compare, "sid": compare, "dpop_jkt": compare,

	"code": secret, "code_verifier": secret, "access_token": secret, "refresh_token": secret, "id_token": secret, "token": secret,
	"client_assertion": secret, "id_token_hint": secret, "logout_token": secret,
}

var (
	number    = regexp.MustCompile(`^[0-9]{1,12}$`)
	errorCode = regexp.MustCompile(`^[a-z_]{1,64}$`)
	word      = regexp.MustCompile(`^[A-Za-z0-9._:/+-]{1,64}$`)
)

const maxWords = 32

func match(pattern *regexp.Regexp) rule {
	return func(_ *message, text string) (Value, bool) { return Value{Value: text}, pattern.MatchString(text) }
}

func oneOf(known ...string) rule {
	return func(_ *message, text string) (Value, bool) { return Value{Value: text}, slices.Contains(known, text) }
}

func client(m *message, text string) (Value, bool) {
	return Value{Value: text}, m.client != nil && m.client(text)
}

// words are a list of names, as a scope is.
func words(_ *message, text string) (Value, bool) {
	list := strings.Fields(text)
	strange := slices.ContainsFunc(list, func(one string) bool { return !word.MatchString(one) })
	return Value{Value: strings.Join(list, " ")}, len(list) > 0 && len(list) <= maxWords && !strange
}

// party is a URL, or a client.
func party(m *message, text string) (Value, bool) {
	if shown := address(text); shown != "" {
		return Value{Value: shown}, true
	}
	return client(m, text)
}

const maxAddress = 512

// address is a URL without what may be secret in one: user, query and fragment. Empty for what is none.
func address(text string) string {
	parsed, err := url.Parse(text)
	if err != nil || len(text) > maxAddress || parsed.Scheme == "" || parsed.Host == "" {
		return ""
	}
	return (&url.URL{Scheme: parsed.Scheme, Host: parsed.Host, Path: parsed.Path}).String()
}

func compare(_ *message, text string) (Value, bool) { return Value{Digest: Digest(text)}, true }

// secret is compared, and known to be there by its length. Of a JWT the claims that may be are shown.
func secret(m *message, text string) (Value, bool) {
	return Value{Digest: Digest(text), Length: len(text), Token: decode(m, text)}, true
}

// message is a message while it is redacted.
type message struct {
	Message
	client func(string) bool
	form   bool
}

func (m *message) add(in, name, text string) {
	if text == "" {
		return // the same as none
	}
	shown, ok := Value{Value: text}, false
	switch rule := rules[name]; {
	case rule != nil:
		shown, ok = rule(m, text)
	case name == "action" && m.form && in == inForm: // of a form of ours: the user's decision
		ok = slices.Contains(decisions, text)
	}
	if !ok {
		m.Dropped++
		return
	}
	shown.In, shown.Name = in, name
	m.Values = append(m.Values, shown)
}

// decisions are what the buttons of the forms say.
var decisions = []string{"login", "allow", "deny", "cancel", "yes", "no", "passkey", "otp", "totp", "recovery"}

// parameters adds what is form-encoded, in its order.
func (m *message) parameters(in, encoded string) {
	for pair := range strings.SplitSeq(encoded, "&") {
		name, text, _ := strings.Cut(pair, "=")
		name, nameErr := url.QueryUnescape(name)
		text, textErr := url.QueryUnescape(text)
		switch {
		case nameErr != nil || textErr != nil:
			m.Dropped++
		default:
			m.add(in, name, text)
		}
	}
}

func (x *Exchange) redactRequest() *Message {
	r := x.request
	m := &message{Message: Message{Method: r.Method, Origin: x.route.Origin, Route: x.route.Path, Size: x.sent.kept.size}, client: x.route.Client, form: x.route.Form}
	m.parameters(inQuery, r.URL.RawQuery)
	m.headers(r.Header)
	for _, cookie := range r.Cookies() {
		m.cookie(x.route.Cookie, cookie)
	}
	if mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); mediaType == "application/x-www-form-urlencoded" {
		m.parameters(inForm, x.sent.kept.text())
	}
	return &m.Message
}

func (x *Exchange) redactAnswer() *Message {
	header := x.answer.Header()
	m := &message{Message: Message{Status: x.answer.code(), Size: x.answer.kept.size}, client: x.route.Client}
	if shown := address(x.location); shown != "" {
		m.Values = append(m.Values, Value{In: inHeader, Name: "Location", Value: shown})
	}
	for _, name := range responseParameters {
		m.add(inQuery, name, x.parameters.Get(name))
	}
	m.headers(header)
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		m.cookie(x.route.Cookie, cookie)
	}
	if mediaType, _, _ := mime.ParseMediaType(header.Get("Content-Type")); mediaType == "application/json" || mediaType == "application/jwk-set+json" {
		m.members(x.answer.kept.text())
	}
	return &m.Message
}

// responseParameters are those of an authorization response, in the order in which they are told.
var responseParameters = []string{"code", "state", "iss", "error", "error_description"}

// members adds the members of a JSON object, in their order.
func (m *message) members(text string) {
	decoder := json.NewDecoder(strings.NewReader(text))
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return
	}
	for decoder.More() {
		name, err := decoder.Token()
		var raw json.RawMessage
		if err != nil || decoder.Decode(&raw) != nil {
			m.Dropped++
			return
		}
		m.member(name.(string), raw) //nolint:forcetypeassert // the decoder has checked it
	}
}

func (m *message) member(name string, raw json.RawMessage) {
	var keys []struct {
		ID string `json:"kid"`
	}
	if name == "keys" && json.Unmarshal(raw, &keys) == nil { // of a JWK Set
		for _, key := range keys {
			m.Values = append(m.Values, Value{In: inBody, Name: "kid", Digest: Digest(key.ID)})
		}
		return
	}
	text := string(raw)
	if text == `""` || text == "null" {
		return
	}
	var unquoted string
	if json.Unmarshal(raw, &unquoted) == nil {
		text = unquoted
	}
	m.add(inBody, name, text)
}
