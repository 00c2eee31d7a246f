package authserver

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui/text"
)

// pushedLifetime is how long a request_uri may be loaded: a browser is sent there at once (RFC 9126 §2.2, FAPI 2.0 §5.3.2.2).
const pushedLifetime = time.Minute

// par is the pushed authorization request endpoint (RFC 9126 §2): the client sends its request here, authenticated, and only a
// reference to it goes through the browser. What it asks for is validated now and again when it is loaded.
func (s *Server) par(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	p, err := formParams(r)
	if err != nil {
		return err
	}
	registered, err := s.authenticateClient(r, iss, p)
	if err != nil {
		return err
	}
	// RFC 9126 §2.1: request_uri must not be sent here.
	if p.get("request_uri") != "" {
		return oauth.InvalidRequest.Errorf("request_uri cannot be pushed")
	}
	trace.From(r.Context()).Correlate(p.get("state"))
	redirect, err := verifyRedirectURI(registered, p.get("redirect_uri"))
	if !trace.Tell(r.Context(), "redirect_uri_registered", "RFC 9700 §4.1.3", err == nil) {
		return err
	}
	if _, err := validateAuthorization(r.Context(), iss, registered, p); err != nil {
		return err
	}
	// FAPI 2.0 §5.3.2.2 (6): redirect_uri is required in pushed requests.
	if iss.FAPI() && !redirect.given {
		return oauth.InvalidRequest.Errorf("redirect_uri is missing")
	}
	// RFC 9449 §10.1: a proof binds the code to its key as dpop_jkt does; if both are there they agree.
	jkt, err := s.proofKey(w, r, iss, "")
	if err != nil {
		return err
	}
	if named := p.get("dpop_jkt"); named != "" && jkt != "" && named != jkt {
		return oauth.InvalidDPoPProof.Errorf("dpop_jkt is not the key of the dpop proof")
	}
	if err := s.limits.push(iss, registered, s.network(r)); err != nil {
		return err
	}
	return s.pushRequest(w, r, iss, store.PushedRequest{ClientID: registered.ID, DPoPJKT: jkt}, p)
}

// pushRequest keeps the request and answers with its name.
func (s *Server) pushRequest(w http.ResponseWriter, r *http.Request, iss *issuer, pushed store.PushedRequest, p params) error {
	now := s.now()
	id := store.NewID(now) + rand.Text() // RFC 9126 §7.1: not to be guessed
	pushed.Workspace, pushed.ID, pushed.Expires = iss.Key(), id, now.Add(pushedLifetime)
	pushed.Parameters = p.without(credentialParameters...).encode()
	if err := s.store.PushRequest(r.Context(), pushed); err != nil {
		return storeFailed("push request", err)
	}
	trace.From(r.Context()).Correlate(oauth.RequestURIPrefix + id)
	writeJSON(w, http.StatusCreated, struct {
		RequestURI string `json:"request_uri"`
		ExpiresIn  int64  `json:"expires_in"`
	}{oauth.RequestURIPrefix + id, int64(pushedLifetime.Seconds())})
	return nil
}

// credentialParameters authenticate the client, and are no part of what it asks for.
var credentialParameters = []string{"client_secret", "client_assertion", "client_assertion_type"}

// pushedRequest returns the parameters that count: those of the pushed request, if the request names one, and then none of those
// beside it (RFC 9126 §4, RFC 9101 §6.3). The id is empty when nothing was pushed.
func (s *Server) pushedRequest(ctx context.Context, iss *issuer, c *client.Client, p params) (pushed params, id string, err error) {
	id, ours := strings.CutPrefix(p.get("request_uri"), oauth.RequestURIPrefix)
	if !ours {
		return p, "", nil
	}
	found, err := s.store.PushedRequest(ctx, iss.Key(), id)
	// RFC 9126 §4: the request_uri is for the client that pushed it, and for nobody else.
	if err == nil && found.ClientID != c.ID {
		err = store.ErrNotFound
	}
	trace.Tell(ctx, "request_uri_known", "RFC 9126 §4", err == nil)
	switch {
	case errors.Is(err, store.ErrConsumed) && found.ClientID == c.ID:
		return params{}, "", usedRequestPage(c)
	case expected(err):
		return params{}, "", errNoRequest
	case err != nil:
		return params{}, "", storeFailed("load pushed request", err)
	}
	pushed, err = parseParams(found.Parameters)
	if err == nil && found.DPoPJKT != "" {
		pushed.values["dpop_jkt"] = found.DPoPJKT
	}
	return pushed, id, err
}

// consumeRequest spends the flow's pushed request, if it has one: when its answer goes out, not when it is first loaded, so that a
// page that is reloaded works (FAPI 2.0 §5.3.2.2 note 3).
func (s *Server) consumeRequest(ctx context.Context, iss *issuer, f flow) error {
	if f.request.PushedID == "" {
		return nil
	}
	_, err := s.store.ConsumeRequest(ctx, iss.Key(), f.request.PushedID)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, store.ErrConsumed):
		return usedRequestPage(f.client)
	case errors.Is(err, store.ErrNotFound):
		return errNoRequest
	default:
		return storeFailed("consume pushed request", err)
	}
}

// errNoRequest is for a request_uri that is unknown, too old, or of another client: which, is nobody's business.
var errNoRequest = &pageError{
	status: http.StatusBadRequest,
	title:  text.Of("error.link.expired.title"),
	text:   text.Of("error.link.expired.text"),
	cause:  oauth.InvalidRequestURI,
}

func usedRequestPage(c *client.Client) error {
	used := &pageError{
		status: http.StatusBadRequest,
		title:  text.Of("error.link.used.title"),
		text:   text.Of("error.link.used.text"),
		cause:  oauth.InvalidRequestURI,
	}
	if c.URI != "" {
		used.next, used.nextName = c.URI, text.Of("page.next", "client", c.Name)
	}
	return used
}

// without are the parameters but for those that are named.
func (p params) without(names ...string) params {
	kept := params{values: map[string]string{}, resources: p.resources}
	for name, value := range p.values {
		kept.values[name] = value
	}
	for _, name := range names {
		delete(kept.values, name)
	}
	return kept
}

// encode is the form encoding of the parameters.
func (p params) encode() string {
	values := url.Values{}
	for name, value := range p.values {
		values.Set(name, value)
	}
	if len(p.resources) > 0 {
		values["resource"] = p.resources
	}
	return values.Encode()
}
