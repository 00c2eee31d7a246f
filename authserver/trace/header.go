package trace

import (
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// headers adds the headers that say something about the flow, in the order of their names; all others are counted.
func (m *message) headers(header http.Header) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, text := range header[name] {
			m.header(name, text)
		}
	}
}

func (m *message) header(name, text string) {
	shown, ok := Value{}, true
	switch name {
	case "Cookie", "Set-Cookie": // told one by one
		return
	case "Authorization":
		shown, ok = m.authorization(text)
	case "Dpop":
		name = "DPoP"
		shown, ok = secret(m, text)
	case "Dpop-Nonce":
		name = "DPoP-Nonce"
		shown, ok = compare(m, text)
	case "Www-Authenticate":
		name = "WWW-Authenticate"
		shown.Value = challenge(text)
		ok = shown.Value != ""
	default:
		ok = false
	}
	if !ok {
		m.Dropped++
		return
	}
	shown.In, shown.Name = inHeader, name
	m.Values = append(m.Values, shown)
}

// authorization shows the scheme, and of a token what may be. The credentials of Basic are none that may even be compared: a password
// can be guessed.
func (m *message) authorization(text string) (Value, bool) {
	given, credentials, _ := strings.Cut(text, " ")
	for _, scheme := range []string{"Basic", "Bearer", "DPoP"} {
		if !strings.EqualFold(given, scheme) {
			continue
		}
		if scheme == "Basic" {
			m.Dropped++
			return Value{Value: scheme}, true
		}
		shown, ok := secret(m, strings.TrimLeft(credentials, " "))
		shown.Value = scheme
		return shown, ok
	}
	return Value{}, false
}

var (
	challengeScheme    = regexp.MustCompile(`^(Basic|Bearer|DPoP)\b`)
	challengeParameter = regexp.MustCompile(`\b(error|scope|max_age|acr_values)="([A-Za-z0-9._:/ +-]{1,256})"`)
)

// challenge is a WWW-Authenticate without its words for people.
func challenge(text string) string {
	scheme := challengeScheme.FindString(text)
	if scheme == "" {
		return ""
	}
	return strings.TrimSpace(scheme + " " + strings.Join(challengeParameter.FindAllString(text, -1), ", "))
}

// cookie adds a cookie of this server. Browsers send those of others on this host too: they are none of its business.
func (m *message) cookie(called func(name string) string, cookie *http.Cookie) {
	name := ""
	if called != nil {
		name = called(cookie.Name)
	}
	if name == "" {
		m.Dropped++
		return
	}
	shown := Value{In: inCookie, Name: name}
	if cookie.Value != "" { // one that is deleted has none
		shown.Digest, shown.Length = Digest(cookie.Value), len(cookie.Value)
	}
	m.Values = append(m.Values, shown)
}
