package authserver

import (
	"context"
	"errors"
	"net/http"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/ui/text"
)

// finish ends the interaction, once, and answers the client, or goes to the account pages.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, user *signedIn) error {
	if err := s.consume(r.Context(), iss, ix); err != nil {
		return err
	}
	if ix.account != "" {
		redirectTo(w, ix.account)
		return nil
	}
	return s.respond(w, r, iss, ix.flow, user)
}

// abandon ends the interaction, once, and tells the client that the user would not (RFC 6749 §4.1.2.1).
func (s *Server) abandon(w http.ResponseWriter, r *http.Request, iss *issuer, ix interaction, why string) error {
	if err := s.consume(r.Context(), iss, ix); err != nil {
		return err
	}
	if ix.account != "" {
		s.render(w, r, iss, http.StatusOK, pageOptions{}, ui.Message{
			Title: text.Of("login.own.cancelled.title"), Text: text.Of("login.own.cancelled.text"),
			Next: iss.Path() + accountPath, NextName: text.Of("login.own.next"),
		})
		return nil
	}
	return ix.refuse(oauth.AccessDenied.Errorf("%s", why))
}

func (s *Server) consume(ctx context.Context, iss *issuer, ix interaction) error {
	_, err := s.store.ConsumeInteraction(ctx, iss.Key(), ix.handle)
	switch {
	case err == nil:
		return s.consumeRequest(ctx, iss, ix.flow)
	case errors.Is(err, store.ErrConsumed):
		return finishedPage(ix.flow)
	case errors.Is(err, store.ErrNotFound):
		return errNoInteraction
	default:
		return storeFailed("end interaction", err)
	}
}
