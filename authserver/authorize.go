package authserver

import (
	"net/http"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/trace"
)

// authorize is the authorization endpoint (RFC 6749 §3.1, OpenID Connect Core §3.1.2). Until the redirect URI is verified an
// error is a page; from there on it goes to the client.
//
// Step 2b: the authorization server takes the authorization request, and redirects to nothing that it has not verified.
func (s *Server) authorize(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	p, err := authorizationParams(r)
	if err != nil {
		return err
	}
	registered := iss.Find(p.get("client_id"))
	if !trace.Tell(r.Context(), "client_known", "RFC 6749 §4.1.1", registered != nil) {
		return oauth.InvalidRequest.Errorf("client_id is missing or unknown")
	}
	noteClient(r.Context(), registered.ID)
	sent := p
	p, pushedID, err := s.pushedRequest(r.Context(), iss, registered, sent)
	if err != nil {
		return err
	}
	trace.From(r.Context()).Correlate(p.get("state"))
	trace.From(r.Context()).Correlate(sent.get("request_uri"))
	redirect, err := verifyRedirectURI(registered, p.get("redirect_uri"))
	if !trace.Tell(r.Context(), "redirect_uri_registered", "RFC 9700 §4.1.3", err == nil) {
		return err
	}
	redirect = redirect.by(p.get("response_mode"), registered)
	request, err := validateAuthorization(r.Context(), iss, registered, p)
	// RFC 9126 §5 and §6: who has to push does not get by without.
	if err == nil && pushedID == "" && iss.mustPush(registered) {
		err = oauth.InvalidRequest.Errorf("the authorization request has to be pushed")
		trace.Tell(r.Context(), "request_pushed", "RFC 9126 §5", false)
	}
	if err != nil {
		return redirect.refuse(p.get("state"), err)
	}
	if r.Method == http.MethodPost {
		return s.repeatAsGet(w, r, sent)
	}
	request.PushedID = pushedID
	return s.begin(w, r, iss, flow{client: registered, redirect: redirect, request: request})
}

// mustPush reports whether the client's authorization requests have to be pushed.
func (i *issuer) mustPush(c *client.Client) bool { return i.Policy.PushedOnly() || c.RequirePAR }

func authorizationParams(r *http.Request) (params, error) {
	if r.Method == http.MethodPost {
		return formParams(r)
	}
	return queryParams(r)
}

// repeatAsGet sends the browser to the same place by GET: on a POST from the client's site it has left our SameSite=Lax
// cookies at home, and a signed-in user would have to sign in again.
func (s *Server) repeatAsGet(w http.ResponseWriter, r *http.Request, p params) error {
	encoded := p.encode()
	if len(encoded) > maxValue {
		return oauth.InvalidRequest.Errorf("the parameters are too long")
	}
	redirectTo(w, r.URL.Path+"?"+encoded)
	return nil
}

// flow is one authorization request on its way: who asks, where the answer goes, and for what.
type flow struct {
	client   *client.Client
	redirect verifiedRedirect
	request  authorizationRequest
	// account is where the user goes who signs in for the account pages: nobody asked but the user.
	account string
}

// formTarget is the origin that the answer to one of the flow's forms leads to, empty for none but ours.
func (f flow) formTarget() string {
	if f.account != "" {
		return ""
	}
	return f.redirect.origin()
}

// refuse ends the flow with an error for the client.
func (f flow) refuse(err error) error { return f.redirect.refuse(f.request.State, err) }
