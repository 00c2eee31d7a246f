package trace

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloakroom/bff/api"
)

// maxValues is how many values of a message are shown; what is beyond counts as dropped.
const maxValues = 48

// redactor makes of messages what may be shown of them, before there is an event. Its key is the flow's own, and random, so that
// a reference tells two values of one flow apart and tells nothing about either.
type redactor struct {
	key    [32]byte
	cookie func(name string) string
}

// digest is how other servers name a value to us: SHA-256, as base64url. It is never sent to a page.
func digest(value string) string {
	sum := sha256.Sum256([]byte(value))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// reference is what the page sees of a value that it may only compare.
func (r *redactor) reference(value string) string { return r.ofDigest(sha256.Sum256([]byte(value))) }

func (r *redactor) ofDigest(sum [sha256.Size]byte) string {
	mac := hmac.New(sha256.New, r.key[:])
	mac.Write(sum[:])
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))[:6]
}

// redacted collects what may be shown of one message.
type redacted struct {
	redactor *redactor
	values   []api.TraceValue
	dropped  int
}

func (r *redactor) begin() *redacted { return &redacted{redactor: r} }

func (m *redacted) add(v api.TraceValue) {
	if len(m.values) >= maxValues {
		m.dropped++
		return
	}
	m.values = append(m.values, v)
}

// one treats a value by its name.
func (m *redacted) one(in, name, value string, how treatment) {
	shown := api.TraceValue{In: in, Name: name}
	switch {
	case value == "":
		m.dropped++
		return
	case how.public != nil:
		if shown.Value = how.public(value); shown.Value == "" {
			m.dropped++
			return
		}
	case how.byReference:
		shown.Ref = m.redactor.reference(value)
	case how.secret, how.token:
		shown.Ref, shown.Length = m.redactor.reference(value), len(value)
		if how.token {
			shown.Token = m.redactor.token(value)
		}
	default:
		m.dropped++
		return
	}
	m.add(shown)
}

// query takes the parameters of a query or a form, in their order.
func (m *redacted) query(in, raw string) {
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if err != nil || valueErr != nil {
			m.dropped++
			continue
		}
		m.one(in, name, value, parameters[name])
	}
}

// object takes the members of a JSON object, in their order. Of anything else there is nothing to show.
func (m *redacted) object(body []byte) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return
	}
	for decoder.More() {
		name, err := decoder.Token()
		text, ok := name.(string)
		var value json.RawMessage
		if err != nil || !ok || decoder.Decode(&value) != nil {
			return
		}
		m.one(api.InBody, text, plain(value), parameters[text])
	}
}

// plain is the text of a string or a number; "" of anything else.
func plain(value json.RawMessage) string {
	var text string
	if json.Unmarshal(value, &text) == nil {
		return text
	}
	var number json.Number
	if json.Unmarshal(value, &number) == nil {
		return number.String()
	}
	return ""
}

// header takes a request's or a response's headers, sorted by name.
func (m *redacted) header(h http.Header) {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		for _, value := range h[name] {
			m.field(name, value)
		}
	}
}

func (m *redacted) field(name, value string) {
	switch name {
	case "Authorization":
		m.credentials(value)
	case "Cookie":
		m.cookies(value)
	case "Set-Cookie":
		m.setCookie(value)
	case "Location":
		m.location(value)
	case "Www-Authenticate":
		m.challenge(value)
	default:
		how := headers[name]
		m.one(api.InHeader, how.name, value, how.treatment)
	}
}

// credentials are an access token, or a secret of which nothing is shown (RFC 9110 §11.6.2).
func (m *redacted) credentials(value string) {
	scheme, token, _ := strings.Cut(value, " ")
	switch scheme {
	case "Bearer", "DPoP":
		m.one(api.InHeader, "Authorization", token, asToken)
		if last := len(m.values) - 1; token != "" && last >= 0 && m.values[last].Name == "Authorization" {
			m.values[last].Value = scheme
		}
	case "Basic":
		m.add(api.TraceValue{In: api.InHeader, Name: "Authorization", Value: scheme})
		m.dropped++
	default:
		m.dropped++
	}
}

func (m *redacted) cookies(line string) {
	for pair := range strings.SplitSeq(line, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
		if shown := m.redactor.cookie(name); shown != "" && value != "" {
			m.one(api.InCookie, shown, value, asSecret)
			continue
		}
		m.dropped++
	}
}

// setCookie shows a cookie's attributes, and says whether it is deleted.
func (m *redacted) setCookie(line string) {
	c, err := http.ParseSetCookie(line)
	if err != nil {
		m.dropped++
		return
	}
	shown := api.TraceValue{In: api.InCookie, Name: m.redactor.cookie(c.Name)}
	if shown.Name == "" {
		m.dropped++
		return
	}
	if c.Value != "" {
		shown.Ref, shown.Length = m.redactor.reference(c.Value), len(c.Value)
	}
	bare := http.Cookie{Name: "x", Path: c.Path, MaxAge: c.MaxAge, Secure: c.Secure, HttpOnly: c.HttpOnly, SameSite: c.SameSite}
	_, shown.Value, _ = strings.Cut(bare.String(), "; ")
	m.add(shown)
}

// location shows where a browser is sent, and what it is sent with.
func (m *redacted) location(value string) {
	u, err := url.Parse(value)
	if err != nil {
		m.dropped++
		return
	}
	query := u.RawQuery
	u.User, u.RawQuery, u.Fragment, u.RawFragment, u.ForceQuery = nil, "", "", "", false
	shown := text(u.String())
	// Of the page's own addresses the screen is shown, and not what it is about.
	if u.Host == "" {
		screen, rest, _ := strings.Cut(strings.TrimPrefix(shown, "/"), "/")
		if shown = "/" + screen; rest != "" {
			shown += "/…"
		}
	}
	m.add(api.TraceValue{In: api.InHeader, Name: "Location", Value: shown})
	m.query(api.InQuery, query)
}

// challenge shows the scheme and the error (RFC 9110 §11.6.1).
func (m *redacted) challenge(value string) {
	scheme, rest, _ := strings.Cut(value, " ")
	if scheme != "Bearer" && scheme != "DPoP" && scheme != "Basic" {
		m.dropped++
		return
	}
	_, after, _ := strings.Cut(rest, `error="`)
	code, _, _ := strings.Cut(after, `"`)
	if code = asErrorOf.public(code); code != "" {
		scheme += ` error="` + code + `"`
	}
	m.add(api.TraceValue{In: api.InHeader, Name: "WWW-Authenticate", Value: scheme})
}
