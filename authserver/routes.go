package authserver

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"cloakroom/authserver/ui"
)

// routes lists every endpoint in the order of the flow. Paths are relative to the issuer, {base}/{tenant}/{workspace}.
func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for _, route := range []struct {
		methods []string
		path    string
		handle  endpoint
		kind    kind
	}{
		// The client learns where everything is.
		{get, "/.well-known/openid-configuration", s.discovery, api},
		{get, "/.well-known/oauth-authorization-server", s.discovery, api},
		{get, "/oauth2/jwks", s.jwks, api},

		// A client that registers itself, where it may.
		{post, registrationPath, s.register, api},
		{manage, registrationPath + "/{client}", s.manageRegistration, api},

		// Step 2, when the client pushes its request.
		{post, "/oauth2/par", s.par, api},

		// Steps 2 to 5: the user's browser.
		{getPost, "/oauth2/authorize", s.authorize, page},
		{getPage, "/interaction/{interaction}", s.showInteraction, page},
		{post, "/interaction/{interaction}/login", s.login, page},
		{getPost, "/interaction/{interaction}/signup", s.signUp, page},
		{getPage, "/interaction/{interaction}/upstream/{source}", s.beginUpstream, page},
		{getPage, "/upstream/{source}/callback", s.upstreamCallback, page},
		{getPage, "/upstream/{source}/link", s.beginLink, page},
		{get, "/upstream/{source}/jwks", s.upstreamKeys, api},
		{post, "/interaction/{interaction}/passkey", s.passkeySignIn, page},
		{post, "/interaction/{interaction}/factor", s.secondFactor, page},
		{post, "/interaction/{interaction}/enrol", s.enrol, page},
		{post, "/interaction/{interaction}/consent", s.consent, page},

		// Steps 6 to 8: the client.
		{post, "/oauth2/token", s.token, api},
		{post, "/oauth/token", s.token, api}, // as the source document's sample call spells it

		// With the tokens.
		{getPost, "/oauth2/userinfo", s.userinfo, bearer},
		{post, "/oauth2/introspect", s.introspect, api},
		{post, "/oauth2/revoke", s.revoke, api},

		// The user's account: one page for each section, and one address for each change (accountSections).
		{getPage, accountPath, s.showAccount, page},
		{getPage, accountPath + "/{section}", s.showAccount, page},
		{post, accountPath + "/{section}/{change}", s.changeAccount, page},

		// The end.
		{getPost, "/oauth2/logout", s.logout, page},
		{post, "/oauth2/logout/confirm", s.confirmLogout, page},
	} {
		mux.Handle("/{tenant}/{workspace}"+route.path, s.serve(route.handle, route.kind, route.methods))
	}
	mux.Handle("/", s.serve(nothingHere, page, nil))

	// What is not below an issuer has a mux of its own: a pattern cannot say that no tenant is named .well-known. RFC 8414 §3.1:
	// the well-known part comes between the host and the issuer's path.
	root := http.NewServeMux()
	root.Handle("/.well-known/oauth-authorization-server/{tenant}/{workspace}", s.serve(s.discovery, api, get))
	root.Handle("GET "+ui.AssetPath+"{file}", s.pages.Assets())
	root.Handle("/", mux)
	return s.observe(s.plain(root))
}

// plain answers a path that is not in its plain form, such as one that begins with //, as one where nothing is.
func (s *Server) plain(next http.Handler) http.Handler {
	nothing := s.serve(nothingHere, page, nil)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isPlain(r.URL) {
			nothing.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isPlain reports whether a mux takes the path as it is. Another one it would send to the plain one by 307, which repeats a form with the
// password in it, and which no answer here is (RFC 9700 §4.12).
func isPlain(address *url.URL) bool {
	given := address.EscapedPath()
	cleaned := path.Clean("/" + given)
	return given == cleaned || given == strings.TrimSuffix(cleaned, "/")+"/"
}

var (
	get     = []string{http.MethodGet, http.MethodHead}
	getPage = []string{http.MethodGet}
	post    = []string{http.MethodPost}
	getPost = []string{http.MethodGet, http.MethodPost}
	manage  = []string{http.MethodGet, http.MethodPut, http.MethodDelete}
)

// kind says who reads an endpoint's answers, and with it how its errors are written.
type kind int

const (
	page   kind = iota // a person's browser
	api                // a client, on the back channel
	bearer             // a client, with an access token
)

func nothingHere(http.ResponseWriter, *http.Request, *issuer) error { return errNoPage }
