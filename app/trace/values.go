package trace

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"cloakroom/bff/api"
)

// Names are the names of an object's members, in order.
func Names(object map[string]any) []string { return slices.Sorted(maps.Keys(object)) }

// Claim writes a claim or a header parameter of a token as one line.
func Claim(value any) string {
	if text, ok := value.(string); ok {
		return text
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return "" // it came as JSON
	}
	return string(encoded)
}

// Placeholder is the name that stands for a value which is not shown, as a shell writes variables: CLIENT_SECRET.
func Placeholder(name string) string {
	upper := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z', r >= '0' && r <= '9':
			return r
		default:
			return '_'
		}
	}, name)
	upper = strings.Trim(upper, "_")
	if upper == "" || upper[0] >= '0' && upper[0] <= '9' {
		return "VALUE_" + upper
	}
	return upper
}

// shown is what stands for a value in an export that people and programs read: the value, or a placeholder in braces.
func shown(value api.TraceValue) string {
	if value.Ref == "" && value.Length == 0 {
		return value.Value
	}
	hidden := value.Value // what of it may be shown: the scheme of an Authorization, the attributes of a cookie
	if hidden != "" {
		hidden += " "
	}
	hidden += "{" + value.Name
	if value.Ref != "" {
		hidden += " " + value.Ref
	}
	if value.Length > 0 {
		hidden += ", " + number(uint64(value.Length)) + " bytes"
	}
	return hidden + "}"
}

// HTTP writes a message as it goes over the wire, with placeholders for what is not shown.
func HTTP(event api.TraceEvent) string {
	message := event.Message
	if message == nil {
		return ""
	}
	var lines, cookies, body []string
	separator := "&"
	query := ""
	for _, value := range message.Values {
		pair := value.Name + "=" + shown(value)
		switch value.In {
		case api.InQuery:
			query += "&" + pair
		case api.InHeader:
			lines = append(lines, value.Name+": "+shown(value))
		case api.InCookie:
			cookies = append(cookies, pair)
		case api.InForm:
			body = append(body, pair)
		default:
			separator = "\n"
			body = append(body, value.Name+": "+shown(value))
		}
	}
	first := "HTTP/1.1 " + number(uint64(max(0, message.Status))) + " " + Phrase(message.Status)
	cookie := "Set-Cookie: "
	if IsRequest(event) {
		first = message.Method + " " + message.Route
		if query != "" {
			first += "?" + query[1:]
		}
		_, host, _ := strings.Cut(message.Origin, "://")
		lines = append([]string{"Host: " + host}, lines...)
		cookie = "Cookie: "
	}
	for _, pair := range cookies {
		lines = append(lines, cookie+pair)
	}
	text := strings.Join(append([]string{first}, lines...), "\n")
	if len(body) > 0 {
		text += "\n\n" + strings.Join(body, separator)
	}
	return text
}

// Phrase is the reason phrase of the statuses that occur here (RFC 9110 §15).
func Phrase(status int) string { return phrases[status] }

var phrases = map[int]string{
	200: "OK", 201: "Created", 204: "No Content", 302: "Found", 303: "See Other", 304: "Not Modified",
	400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed",
	409: "Conflict", 421: "Misdirected Request", 429: "Too Many Requests",
	500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout",
}
