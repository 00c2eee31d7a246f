package bff

import (
	"context"
	"errors"
	"net/http"
	"net/url"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// session says who is signed in, to the page of this origin only. It never extends the session and never fails because
// there is none: 503 alone says that we cannot know.
func (b *BFF) session(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err == nil {
		writeJSON(w, "application/json", http.StatusOK, b.document(record))
		return nil
	}
	if statuses[asRefusal(err).code] != http.StatusUnauthorized {
		return err
	}
	writeJSON(w, "application/json", http.StatusOK, b.anonymous())
	return nil
}

// user answers the claims in the form that clients of Duende's BFF expect.
func (b *BFF) user(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	claims := []api.Claim{{Type: "sub", Value: record.Subject}}
	for _, name := range sortedNames(record.Claims) {
		if name != "sub" {
			claims = append(claims, api.Claim{Type: name, Value: record.Claims[name]})
		}
	}
	if record.SID != "" {
		claims = append(claims, api.Claim{Type: "sid", Value: record.SID})
	}
	claims = append(claims,
		api.Claim{Type: "bff:session_expires_in", Value: int64(record.End().Sub(b.now()).Seconds())},
		api.Claim{Type: "bff:logout_url", Value: api.PathLogout})
	writeJSON(w, "application/json", http.StatusOK, claims)
	return nil
}

// extendSession is the user's wish to stay: the idle end moves, the absolute end never does.
func (b *BFF) extendSession(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	record, err = b.sessions.Extend(r.Context(), record)
	if err != nil {
		return sessionRefusal(err)
	}
	writeJSON(w, "application/json", http.StatusOK, b.document(record))
	return nil
}

// refreshSession renews the default access token now.
func (b *BFF) refreshSession(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	record, err = b.renew(r.Context(), record, tokenRequest{provider: b.providerOf(record)}, record.Tokens[""].AccessToken)
	if err != nil {
		return err
	}
	writeJSON(w, "application/json", http.StatusOK, b.document(record))
	return nil
}

// expireAccessTokens ends the session's access tokens early, as far as the BFF is concerned: RFC 6749 §5.1 has it keep
// expires_in, and it takes that for over. Nothing else is pretended: the next call finds an expired token and renews it, like any
// other. A renewal that is under way wins, as what it brings is new.
func (b *BFF) expireAccessTokens(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	record, err = b.sessions.Update(r.Context(), record.ID, func(changed *session.Record) error {
		now := b.now().UTC()
		for key, token := range changed.Tokens {
			if now.Before(token.Expires) {
				token.Expires = now
				changed.Tokens[key] = token
			}
		}
		return nil
	})
	if err != nil {
		return sessionRefusal(err)
	}
	writeJSON(w, "application/json", http.StatusOK, b.document(record))
	return nil
}

// current finds the request's session, or the answer that says why there is none.
func (b *BFF) current(r *http.Request) (session.Record, error) {
	record, err := b.sessions.Current(r)
	if err != nil {
		return session.Record{}, sessionRefusal(err)
	}
	b.flow(r.Context()).Bind(record.ID, record.Provider)
	// A provider that was taken out of the configuration can neither refresh nor end the session.
	if b.providerOf(record) == nil {
		return session.Record{}, refuse(api.SessionRevoked, "the session's sign-in service is no longer configured")
	}
	return record, nil
}

// providerOf is the provider that a session is from. It is nil when that is no longer configured, or when its id is another
// issuer's by now: what one issuer gave is never shown to another (RFC 9700 §4.4).
func (b *BFF) providerOf(record session.Record) *provider {
	if p := b.providers[record.Provider]; p != nil && p.cfg.Issuer == record.Issuer {
		return p
	}
	return nil
}

// sessionRefusal keeps apart "there is no session" (401) and "we cannot know" (503).
func sessionRefusal(err error) error {
	switch {
	case errors.Is(err, session.ErrNoSession):
		return refuse(api.SessionMissing, "nobody is signed in here")
	case errors.Is(err, session.ErrExpired):
		return refuse(api.SessionExpired, "the session has expired")
	case errors.Is(err, session.ErrRevoked):
		return refuse(api.SessionRevoked, "the session was ended")
	case errors.Is(err, session.ErrDuplicateCookie):
		refused := refuse(api.DuplicateCookie, "the session cookie is there more than once")
		refused.clear = []string{session.CookieName}
		return refused
	case errors.Is(err, context.Canceled):
		return err
	default:
		return refuse(api.StoreUnavailable, "sessions cannot be read at the moment").because(err)
	}
}

// anonymous is what everybody who is not signed in sees.
func (b *BFF) anonymous() api.Session {
	return api.Session{
		Links:     api.Links{Login: api.PathLogin},
		CSRF:      api.CSRF{Header: api.CSRFHeader, Value: api.CSRFValue},
		Providers: b.cfg.Offered(),
	}
}

// document is built field by field, so that nothing of a record reaches the page by accident.
func (b *BFF) document(record session.Record) api.Session {
	document := b.anonymous()
	document.Authenticated = true
	document.Handle, document.Provider, document.Claims = record.Handle, record.Provider, record.Claims
	document.Auth = &api.Auth{
		Issuer: record.Issuer, Subject: record.Subject, AuthTime: record.AuthTime, ACR: record.ACR, AMR: record.AMR,
		Scopes: record.Tokens[""].Scopes,
	}
	document.Expiry = b.expiry(record)
	document.Links.Logout, document.Links.Sessions, document.Links.Events = api.PathLogout, api.PathSessions, api.PathSessionEvents
	if b.inspector != nil {
		document.Links.Trace, document.Links.Expire = api.PathTrace, api.PathSessionExpire
	}
	return document
}

func (b *BFF) expiry(record session.Record) *api.Expiry {
	return &api.Expiry{
		Now: b.now().UTC(), CreatedAt: record.Created, Idle: record.Idle, Absolute: record.Absolute, AccessToken: record.Tokens[""].Expires,
	}
}

// Offered lists the providers that a sign-in can be started with, in the configuration's order. The page is made with
// them, so that it offers each before it has asked.
func (c *Config) Offered() []api.Provider {
	list := make([]api.Provider, 0, len(c.Providers))
	for i := range c.Providers {
		p := &c.Providers[i]
		list = append(list, api.Provider{ID: p.ID, Name: p.Name, Login: api.PathLogin + "?provider=" + url.QueryEscape(p.ID)})
	}
	return list
}
