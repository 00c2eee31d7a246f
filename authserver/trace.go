package authserver

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"cloakroom/authserver/trace"
)

// traced says what the requests to each endpoint are, for the trace: by the path of routes.go. One that is not here is not told.
var traced = map[string]trace.Route{
	"/.well-known/openid-configuration":       {Name: trace.Discovery, BackChannel: true},
	"/.well-known/oauth-authorization-server": {Name: trace.Discovery, BackChannel: true},
	"/oauth2/jwks":                       {Name: trace.JWKS, BackChannel: true},
	"/oauth2/par":                        {Name: trace.PAR, BackChannel: true, Step: trace.StepAuthorize, AnswerStep: trace.StepAuthorize},
	"/oauth2/authorize":                  {Name: trace.Authorize, Step: trace.StepAuthorize, AnswerStep: trace.StepRedirect},
	"/interaction/{interaction}":         {Name: trace.SignInForm, Step: trace.StepAuthenticate, AnswerStep: trace.StepAuthenticate},
	"/interaction/{interaction}/login":   {Name: trace.SignInForm, Form: true, Step: trace.StepAuthenticate, AnswerStep: trace.StepAuthenticate},
	"/interaction/{interaction}/factor":  {Name: trace.SecondFactorForm, Form: true, Step: trace.StepAuthenticate, AnswerStep: trace.StepAuthenticate},
	"/interaction/{interaction}/enrol":   {Name: trace.SecondFactorForm, Form: true, Step: trace.StepAuthenticate, AnswerStep: trace.StepAuthenticate},
	"/upstream/{source}/callback":        {Name: trace.SignInForm, Step: trace.StepAuthenticate, AnswerStep: trace.StepAuthenticate},
	"/interaction/{interaction}/consent": {Name: trace.ConsentForm, Form: true, Step: trace.StepAuthenticate, AnswerStep: trace.StepAuthenticate},
	"/oauth2/token":                      {Name: trace.TokenEndpoint, BackChannel: true, Step: trace.StepValidate, AnswerStep: trace.StepTokenResponse},
	"/oauth/token":                       {Name: trace.TokenEndpoint, BackChannel: true, Step: trace.StepValidate, AnswerStep: trace.StepTokenResponse},
	"/oauth2/userinfo":                   {Name: trace.Userinfo, BackChannel: true},
	"/oauth2/introspect":                 {Name: trace.Introspection, BackChannel: true},
	"/oauth2/revoke":                     {Name: trace.Revocation, BackChannel: true},
	"/oauth2/logout":                     {Name: trace.EndSession},
	"/oauth2/logout/confirm":             {Name: trace.EndSession, Form: true},
}

const (
	issuerPattern      = "/{tenant}/{workspace}"
	interactionPattern = "/interaction/{interaction}/"
)

// beginTrace looks at a request, if the trace is on and somebody reads it.
func (s *Server) beginTrace(w http.ResponseWriter, r *http.Request, iss *issuer) (http.ResponseWriter, *http.Request, *trace.Exchange) {
	if iss == nil || !s.trace.On() {
		return w, r, nil
	}
	path, _ := strings.CutPrefix(r.Pattern, issuerPattern)
	path = strings.TrimSuffix(path, issuerPattern) // RFC 8414 §3.1
	route, told := traced[path]
	if !told && strings.HasPrefix(path, interactionPattern) { // any other way to sign in
		route, told = traced[interactionPattern+"login"], true
	}
	if !told {
		return w, r, nil
	}
	route.From = trace.Browser
	if route.BackChannel {
		route.From = trace.BFF
	}
	route.Origin = s.baseURL
	route.Path = strings.NewReplacer("{tenant}", iss.Tenant, "{workspace}", iss.Name).Replace(r.Pattern)
	route.Client = func(id string) bool { return iss.Find(id) != nil }
	route.Cookie = func(name string) string { return cookieKind(iss, name) }
	return s.trace.Begin(w, r, route)
}

// cookieKind is what a cookie of this issuer is for, without the id that is in its name; empty for all other cookies.
func cookieKind(iss *issuer, name string) string {
	what, ours := strings.CutPrefix(name, cookieName(iss, ""))
	if !ours {
		return ""
	}
	kind, _, _ := strings.Cut(what, ".")
	return cookieName(iss, kind)
}

// newTrace makes the feed of the trace; nil, which is off, unless the configuration has it on.
func newTrace(cfg *Config, s *Server) *trace.Feed {
	if !cfg.Trace {
		return nil
	}
	issuers := func() []string {
		var served []string
		for _, iss := range s.issuers.all() {
			served = append(served, iss.Issuer())
		}
		return slices.Sorted(slices.Values(served))
	}
	return trace.New(trace.AuthorizationServer, issuers, s.now)
}

// traceProblems keeps the trace where nobody's sign-in but that of a demonstration is.
func (c *Config) traceProblems() []error {
	if !c.Trace {
		return nil
	}
	var problems []error
	if base, err := url.Parse(c.BaseURL); err != nil || !trace.LoopbackHost(base.Host) {
		problems = append(problems, fmt.Errorf("trace: base_url %q is not on a loopback host; the trace is for demonstrations", c.BaseURL))
	}
	if !trace.LoopbackHost(c.AdminListen) {
		problems = append(problems, fmt.Errorf("trace: admin_listen %q is not a loopback address", c.AdminListen))
	}
	return problems
}
