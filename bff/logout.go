package bff

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// revokeTimeout bounds how long a sign-out waits for the authorization server.
const revokeTimeout = 5 * time.Second

// endTimeout bounds what a sign-out takes when nobody waits for it any more.
const endTimeout = 3 * revokeTimeout

// toItsEnd has sessions ended for whoever does not wait for the answer: a page that is left at the click is signed out all the same.
func toItsEnd(serve handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), endTimeout)
		defer cancel()
		return serve(w, r.WithContext(ctx))
	}
}

// logout ends the session here, then the refresh token at the authorization server, and answers after both. Who is
// already signed out is signed out: that is no error. When the store is down it is one, because the session lives on.
func (b *BFF) logout(w http.ResponseWriter, r *http.Request) error {
	record, err := b.sessions.End(w, r)
	target := "/"
	switch {
	case err == nil:
		b.flow(r.Context()).Bind(record.ID, record.Provider)
		b.auditSession(r.Context(), auditSessionEnded, string(api.EndedBySignOut), record)
		b.revokeNow(r.Context(), record)
		target = b.logoutURL(r.Context(), record)
	case !errors.Is(err, session.ErrNoSession) && !errors.Is(err, session.ErrExpired) && !errors.Is(err, session.ErrRevoked):
		return sessionRefusal(err)
	}
	// What the browser kept of answers goes too. Cookies are not cleared by this header: it would end sign-ins in other tabs.
	w.Header().Set("Clear-Site-Data", `"cache"`)
	if !hasStaticHeader(r) {
		redirect(w, target)
		return nil
	}
	if target == "/" {
		target = ""
	}
	writeJSON(w, "application/json", http.StatusOK, api.LoggedOut{LogoutURL: target})
	return nil
}

// logoutURL is where the browser goes to end the session at the provider too (OpenID Connect RP-Initiated Logout §2),
// or "/" when the provider has no such place or cannot be asked.
func (b *BFF) logoutURL(ctx context.Context, record session.Record) string {
	p := b.providerOf(record)
	if p == nil {
		return "/"
	}
	ctx, cancel := context.WithTimeout(ctx, revokeTimeout)
	defer cancel()
	m, err := p.metadata(ctx)
	if err != nil || m.EndSessionEndpoint == "" {
		return "/"
	}
	state := randomText()
	b.flow(ctx).Correlate(state, record.SID)
	parameters := url.Values{
		"client_id":                {p.cfg.ClientID},
		"post_logout_redirect_uri": {b.cfg.Origin + p.cfg.PostLogoutPath},
		"state":                    {state},
	}
	if record.IDToken != "" {
		parameters.Set("id_token_hint", record.IDToken)
	}
	return withQuery(m.EndSessionEndpoint, parameters)
}

// revokeNow revokes an ended session's refresh token and waits for it, though not for long: the session is gone already,
// and a provider that is down must not keep anybody signed in.
func (b *BFF) revokeNow(ctx context.Context, record session.Record) {
	p := b.providerOf(record)
	if p == nil || record.RefreshToken == "" {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTimeout)
	defer cancel()
	if err := p.revoke(ctx, record.RefreshToken); err != nil {
		b.log.WarnContext(ctx, "refresh token not revoked", "provider", record.Provider, "error", err)
	}
}
