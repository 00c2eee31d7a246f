package authserver

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloakroom/authserver/store"
)

// cookiePrefix promises the browser that script did not set the cookie; older browsers enforce its first part (RFC 10017
// §6.1.3.2). Cookies do not keep ports apart, so the name says whose it is: server, tenant, workspace.
const cookiePrefix = "__Host-Http-authserver."

// maxInteractions bounds the cookies that a browser collects by opening sign-in pages and leaving them.
const maxInteractions = 5

func cookieName(iss *issuer, what string) string {
	return cookiePrefix + iss.Tenant + "." + iss.Name + "." + what
}

func sessionCookie(iss *issuer) string { return cookieName(iss, "session") }

func interactionCookie(iss *issuer, id string) string { return cookieName(iss, "interaction."+id) }

// setCookie sets a cookie that holds a handle. SameSite=Lax: the user comes from the client's site. MaxAge zero ends it with
// the browser's session.
func setCookie(w http.ResponseWriter, name string, handle store.Handle, maxAge time.Duration) {
	writeCookie(w, &http.Cookie{Name: name, Value: handle.Reveal(), MaxAge: int(maxAge.Seconds())})
}

func deleteCookie(w http.ResponseWriter, name string) {
	writeCookie(w, &http.Cookie{Name: name, MaxAge: -1})
}

func writeCookie(w http.ResponseWriter, cookie *http.Cookie) {
	cookie.Path, cookie.Secure, cookie.HttpOnly, cookie.SameSite = "/", true, true, http.SameSiteLaxMode
	http.SetCookie(w, cookie)
}

// cookieHandle reads a cookie. Two of the same name are none: one of them was planted.
func cookieHandle(r *http.Request, name string) (store.Handle, bool) {
	found := r.CookiesNamed(name)
	if len(found) != 1 {
		return store.Handle{}, false
	}
	handle, err := store.ParseHandle(found[0].Value)
	return handle, err == nil
}

// dropOldInteractions deletes the cookies of all but the newest interactions. Their ids sort by time.
func dropOldInteractions(w http.ResponseWriter, r *http.Request, iss *issuer) {
	prefix := interactionCookie(iss, "")
	var names []string
	for _, cookie := range r.Cookies() {
		if strings.HasPrefix(cookie.Name, prefix) {
			names = append(names, cookie.Name)
		}
	}
	slices.Sort(names)
	for len(names) >= maxInteractions {
		deleteCookie(w, names[0])
		names = names[1:]
	}
}

// csrfToken binds a form to the browser that holds the handle and to what the form does. It is not kept anywhere.
func csrfToken(handle store.Handle, purpose string) string {
	mac := hmac.New(sha256.New, []byte(handle.Reveal()))
	mac.Write([]byte(purpose))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func csrfValid(handle store.Handle, purpose, token string) bool {
	return hmac.Equal([]byte(csrfToken(handle, purpose)), []byte(token))
}
