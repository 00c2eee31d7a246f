package bff

import (
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"cloakroom/bff/api"
)

const (
	maxTarget     = 8192
	maxParameters = 100
)

// checkTarget lets through only request-targets that every parser reads in the same way, so that what is decided here
// is what the upstream does. It never normalises: what is ambiguous is refused (RFC 10017 §6.1.3.6).
func checkTarget(r *http.Request) error {
	if len(r.RequestURI) > maxTarget {
		return refuse(api.InvalidPath, "the request-target is too long")
	}
	path, query, _ := strings.Cut(r.RequestURI, "?")
	if !isPlainPath(path) {
		return refuse(api.InvalidPath, "the path is not in its one plain form")
	}
	if !isPlainQuery(query) {
		return refuse(api.InvalidPath, "the query is not in a form that everybody reads in the same way")
	}
	return nil
}

// isPlainPath accepts a path of RFC 3986 §3.3 in its only normal form: it begins with one slash, has no empty, "." or
// ".." segment and no ";", and percent-encodes only what cannot stand for itself, which excludes every encoded slash,
// backslash, dot, percent sign and control character. Absolute-form, authority-form and "*" do not begin with a slash.
func isPlainPath(path string) bool {
	if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") {
		return false
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return false
		}
	}
	encoded := false
	for i := 0; i < len(path); i++ {
		switch c := path[i]; {
		case c == '%':
			if i+2 >= len(path) || !mayBeEncoded(path[i+1], path[i+2]) {
				return false
			}
			encoded = true
			i += 2
		case c != '/' && !isUnreserved(c) && strings.IndexByte("!$&'()*+,=:@", c) < 0:
			return false
		}
	}
	if !encoded {
		return true
	}
	// Overlong and broken UTF-8 is read differently by different upstreams.
	decoded, err := url.PathUnescape(path)
	return err == nil && utf8.ValidString(decoded)
}

// mayBeEncoded reports whether the two hex digits stand for a byte that a path may carry percent-encoded.
func mayBeEncoded(high, low byte) bool {
	h, okHigh := fromHex(high)
	l, okLow := fromHex(low)
	c := h<<4 | l
	return okHigh && okLow && c >= 0x20 && c != 0x7f && !isUnreserved(c) && strings.IndexByte(`/\%;#?`, c) < 0
}

// isPlainQuery refuses what net/http, upstreams and browsers split differently: ";", a broken percent-encoding, bytes
// that do not belong in a URL, and more parameters than anybody needs.
func isPlainQuery(query string) bool {
	parameters := 1
	for i := 0; i < len(query); i++ {
		switch c := query[i]; {
		case c <= 0x20 || c >= 0x7f || strings.IndexByte(`;#"<>\`, c) >= 0:
			return false
		case c == '&':
			parameters++
		case c == '%':
			if i+2 >= len(query) || !isHex(query[i+1]) || !isHex(query[i+2]) {
				return false
			}
		}
	}
	return parameters <= maxParameters
}

// RFC 3986 §2.3.
func isUnreserved(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("-._~", c) >= 0
}

func isHex(c byte) bool {
	_, ok := fromHex(c)
	return ok
}

func fromHex(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}
