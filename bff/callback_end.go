package bff

import (
	"context"
	"log/slog"
	"mime"
	"net/http"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

const maxCallbackForm = 16 << 10

// startSession gives the browser a new session; whatever it had before ends, and its refresh token with it.
func (b *BFF) startSession(w http.ResponseWriter, r *http.Request, s *signIn) error {
	carried, carriedErr := b.sessions.Current(r)
	fresh := s.record()
	fresh.SignIns = b.signInsAfter(b.previous(r.Context(), s.tx.Previous))
	record, err := b.sessions.Start(w, r, fresh)
	if err != nil {
		return refuse(api.StoreUnavailable, "the session could not be stored").because(err)
	}
	b.spent.completed(s.tx.State, record.ID)
	s.flow.Bind(record.ID, record.Provider)
	b.auditSession(r.Context(), auditSignIn, auditOK, record)
	if carriedErr == nil {
		b.revokeLater(r.Context(), b.providerOf(carried), carried.RefreshToken)
	}
	if s.tx.Previous == "" || (carriedErr == nil && s.tx.Previous == carried.ID) {
		return nil
	}
	// The session cookie is Strict and does not come along from the provider's site: the old session is ended by its id.
	if ended, err := b.sessions.EndReplaced(r.Context(), s.tx.Previous); err == nil {
		b.revokeLater(r.Context(), b.providerOf(ended), ended.RefreshToken)
	}
	return nil
}

// previous is the session that a sign-in replaces; the zero record when it is over, or not known.
func (b *BFF) previous(ctx context.Context, id string) session.Record {
	if id == "" {
		return session.Record{}
	}
	record, err := b.sessions.Load(ctx, id)
	if err != nil {
		return session.Record{}
	}
	return record
}

// record keeps of the claims only those that the page may see.
func (s *signIn) record() session.Record {
	claims := map[string]any{}
	for _, name := range s.provider.cfg.Claims {
		if value, ok := s.claims[name]; ok {
			claims[name] = value
		}
	}
	record := session.Record{
		Provider: s.provider.cfg.ID, Issuer: s.idToken.Issuer, Subject: s.idToken.Subject, SID: s.idToken.SID,
		Claims: claims, ACR: s.idToken.ACR, AMR: s.idToken.AMR,
		IDToken: s.grant.idToken, RefreshToken: s.grant.refreshToken,
		Tokens: map[string]session.Token{"": s.grant.token}, ProofKey: string(s.tx.ProofKey),
	}
	if s.idToken.AuthTime != nil {
		if at, ok := instant(*s.idToken.AuthTime); ok {
			record.AuthTime = at
		}
	}
	return record
}

// signInFailed takes the user back to where they were, with the reason in the URL. What the provider issued is nobody's.
func (b *BFF) signInFailed(w http.ResponseWriter, r *http.Request, s *signIn, err error) error {
	refused, tx := asRefusal(err), s.tx
	b.revokeLater(r.Context(), s.provider, s.grant.refreshToken)
	b.audit(r.Context(), auditSignIn, string(refused.code), slog.String("provider", tx.Provider), slog.String("cause", refused.Error()))
	refusedIn(r.Context(), refused, "")
	b.flow(r.Context()).Refused(string(refused.code))
	b.keepAttempt(w, tx)
	redirect(w, withError(tx.ReturnURL, refused.code))
	return nil
}

// callbackWithoutTransaction answers a response that nobody here waits for: never with a session, never with a token
// request. Who comes back to the sign-in that made their own session, by the back button, goes to the app.
func (b *BFF) callbackWithoutTransaction(w http.ResponseWriter, r *http.Request, s *signIn, err error) error {
	made := b.spent.session(s.parameters.Get("state"))
	if current, none := b.sessions.Current(r); none == nil && made != "" && current.ID == made {
		redirect(w, "/")
		return nil
	}
	return err
}

// callbackForm takes a response_mode=form_post. A cross-site POST carries no Lax cookie, so the browser is sent on to the
// same address by GET, where the state is checked.
func (b *BFF) callbackForm(w http.ResponseWriter, r *http.Request) error {
	mediaType, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if r.URL.RawQuery != "" || mediaType != "application/x-www-form-urlencoded" {
		return refuse(api.InvalidRequest, "an authorization response is a form, and has no query besides")
	}
	body, err := b.readBody(w, r, maxCallbackForm)
	if err != nil {
		return err
	}
	form, err := singleValues(string(body))
	if err != nil {
		return err
	}
	p := b.providers[lastSegment(r)]
	if p == nil {
		return refuse(api.UnknownProvider, "there is no such sign-in service")
	}
	redirect(w, api.PathCallback+p.cfg.ID+"?"+form.Encode())
	return nil
}

// revokeLater revokes a refresh token that no session holds any more, without making anybody wait.
func (b *BFF) revokeLater(ctx context.Context, p *provider, refreshToken string) {
	if p == nil || refreshToken == "" {
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), outboundTimeout+time.Second)
		defer cancel()
		if err := p.revoke(ctx, refreshToken); err != nil {
			b.log.WarnContext(ctx, "refresh token not revoked", "provider", p.cfg.ID, "error", err)
		}
	}()
}
