package session

import (
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"time"
)

// CookieName is the session cookie's name. Browsers that know the prefix let no script set it (RFC 10017 §6.1.3.2); older
// ones enforce it as __Host-.
const CookieName = cookiePrefix + "cloakroom"

const (
	cookiePrefix = "__Host-Http-"
	cookieLength = 43 // 256 bits in base64url, as scs makes them
)

// cookieHash is what the cache knows of a cookie.
type cookieHash = [sha256.Size]byte

// cookieValue returns the value of the cookie, "" without one. Every occurrence counts, well-formed or not: of two, one
// was planted, and which one cannot be told.
func cookieValue(header http.Header, name string) (string, error) {
	value, seen := "", false
	for _, line := range header["Cookie"] {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			key, text, _ := strings.Cut(pair, "=")
			if strings.TrimSpace(key) != name {
				continue
			}
			if seen {
				return "", ErrDuplicateCookie
			}
			value, seen = strings.TrimSpace(text), true
		}
	}
	return value, nil
}

// sessionCookie returns the request's session cookie and its hash. What cannot be a session's cookie is none, and reaches no store.
func (m *Manager) sessionCookie(r *http.Request) (string, cookieHash, error) {
	value, err := cookieValue(r.Header, m.scs.Cookie.Name)
	if err != nil {
		return "", cookieHash{}, err
	}
	var text [cookieLength]byte
	if copy(text[:], value) != len(value) || len(value) != cookieLength || !isBase64URL(text) {
		return "", cookieHash{}, ErrNoSession
	}
	return value, sha256.Sum256(text[:]), nil
}

func isBase64URL(text [cookieLength]byte) bool {
	for _, c := range text {
		if (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// ClearCookie deletes the session cookie in the browser, with the attributes that it was set with.
func (m *Manager) ClearCookie(w http.ResponseWriter) {
	m.scs.WriteSessionCookie(context.Background(), w, "", time.Time{}) // a zero time deletes, and asks the context nothing
	noStore(w)
}

// noStore replaces scs's Cache-Control, which would let a shared cache keep the answer.
func noStore(w http.ResponseWriter) { w.Header().Set("Cache-Control", "no-store") }
