package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"cloakroom/authserver"
)

const sessionCookie = "__Host-Http-authserver.demo.baseline.session"

// session is what the browser's session cookie holds.
func (b *browser) session() string {
	for _, cookie := range b.client.Jar.Cookies(mustURL(b.t, b.issuer)) {
		if strings.HasSuffix(cookie.Name, ".session") {
			return cookie.Value
		}
	}
	return ""
}

func (b *browser) plantSession(value string) {
	b.client.Jar.SetCookies(mustURL(b.t, b.issuer), []*http.Cookie{{Name: sessionCookie, Value: value, Path: "/", Secure: true}})
}

func (h *house) addFreshSection(changes *int) { authserver.AddFreshSection(h.as, changes) }

// accountToken is the token that the forms of a section have at this browser.
func (h *house) accountToken(b *browser, section string) string {
	h.t.Helper()
	return authserver.AccountToken(b.session(), section)
}

// startTold is start with a web client that is told when a session ends.
func startTold(t *testing.T, web *party) *house {
	t.Helper()
	text := "\noutbound: {allow: [" + loopback + "]}" + strings.Replace(configuration, "            name: The web app\n",
		"            name: The web app\n            backchannel_logout_uri: "+web.URL+"\n", 1)
	h := startAs(t, setup{text: text})
	authserver.HurryBackchannel(h.as)
	return h
}
