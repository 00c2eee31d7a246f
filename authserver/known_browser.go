package authserver

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"

	"cloakroom/authserver/account"
)

// A browser in which somebody has signed in with a password is known for that user name, and its attempts count by themselves: whoever
// guesses at a name from elsewhere slows down everybody who is not known, and keeps nobody out who was here before (OWASP ASVS 6.3.1).

// knownLife is how long a browser is known after a sign-in.
const knownLife = 180 * 24 * time.Hour

// knownKey is what the marks of known browsers are made with.
func knownKey(cfg *Config) []byte {
	mac := hmac.New(sha256.New, []byte(cfg.KeyEncryptionKey.Reveal()))
	mac.Write([]byte("known browsers"))
	return mac.Sum(nil)
}

// knownMark is the cookie's value for one browser and one name. It says neither to who finds it.
func (s *Server) knownMark(iss *issuer, name, browser string) string {
	mac := hmac.New(sha256.New, s.known)
	mac.Write([]byte(iss.Key() + "\x00" + name + "\x00" + browser))
	return browser + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// knownBrowser is the id of a browser that is known for a user name, empty for one that is not.
func (s *Server) knownBrowser(r *http.Request, iss *issuer, username string) string {
	name, err := account.Canonical(username)
	found := r.CookiesNamed(cookieName(iss, "known"))
	if err != nil || len(found) != 1 {
		return ""
	}
	browser, _, _ := strings.Cut(found[0].Value, ".")
	if !hmac.Equal([]byte(found[0].Value), []byte(s.knownMark(iss, name, browser))) {
		return ""
	}
	return browser
}

// rememberBrowser makes the browser known for who has signed in with a password, under the id that it has.
func (s *Server) rememberBrowser(w http.ResponseWriter, r *http.Request, iss *issuer, username string) {
	browser := s.knownBrowser(r, iss, username)
	if browser == "" {
		browser = rand.Text()
	}
	writeCookie(w, &http.Cookie{Name: cookieName(iss, "known"), Value: s.knownMark(iss, username, browser), MaxAge: int(knownLife.Seconds())})
}

// passwordAttempt is a try at a password: by name and by address, or by the browser alone where it is known for the name.
func (s *Server) passwordAttempt(r *http.Request, iss *issuer, username, address string) attempt {
	if browser := s.knownBrowser(r, iss, username); browser != "" {
		return attempt{account: "browser " + iss.Key() + " " + browser, address: "at browser " + iss.Key() + " " + browser}
	}
	return newAttempt(iss.Key(), username, address)
}
