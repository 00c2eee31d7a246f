package authserver

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"cloakroom/authserver/store"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui/text"
)

// loadInteraction finds the interaction of this address at this browser.
func (s *Server) loadInteraction(r *http.Request, iss *issuer) (interaction, error) {
	id := r.PathValue("interaction")
	handle, ok := cookieHandle(r, interactionCookie(iss, id))
	if !ok || handle.ID != id {
		return interaction{}, errNoInteraction
	}
	record, loadErr := s.store.Interaction(r.Context(), iss.Key(), handle)
	if errors.Is(loadErr, store.ErrNotFound) {
		return interaction{}, errNoInteraction
	}
	if loadErr != nil && !errors.Is(loadErr, store.ErrConsumed) {
		return interaction{}, storeFailed("load interaction", loadErr)
	}
	ix := interaction{handle: handle, record: record}
	if err := json.Unmarshal(record.State, &ix.state); err != nil {
		return interaction{}, fmt.Errorf("decode interaction: %w", err)
	}
	flow, err := restoreFlow(iss, ix.state)
	if err != nil {
		return interaction{}, err
	}
	ix.flow = flow
	noteClient(r.Context(), ix.client.ID)
	trace.From(r.Context()).Correlate(ix.request.State)
	if loadErr != nil {
		return interaction{}, finishedPage(ix.flow)
	}
	if !record.Expires.After(s.now()) {
		return interaction{}, errNoInteraction
	}
	return ix, nil
}

// restoreFlow checks the request of an interaction against what is registered now.
func restoreFlow(iss *issuer, state interactionState) (flow, error) {
	if state.Account != "" {
		return accountFlow(state.Account), nil
	}
	f := flow{request: state.Request, client: iss.Find(state.Request.ClientID)}
	if f.client == nil {
		return flow{}, errNoInteraction
	}
	redirect, err := verifyRedirectURI(f.client, f.request.RedirectURI)
	f.redirect = redirect.by(f.request.ResponseMode, f.client)
	return f, err
}

// errNoInteraction is for a page that is too old, or was begun at another browser (or at one that refuses cookies).
var errNoInteraction = &pageError{
	status: http.StatusBadRequest,
	title:  text.Of("error.expired.title"),
	text:   text.Of("error.expired.text"),
}

// finishedPage is for a form that was answered: the user went back, or reloaded.
func finishedPage(f flow) error {
	finished := &pageError{
		status: http.StatusGone,
		title:  text.Of("error.finished.title"),
		text:   text.Of("error.finished.text", "client", f.client.Name),
		cause:  store.ErrConsumed,
	}
	switch {
	case f.account != "":
		finished.text = text.Of("error.finished.own")
		finished.next, finished.nextName = f.account, text.Of("login.own.next")
	case f.client.URI != "":
		finished.next, finished.nextName = f.client.URI, text.Of("page.next", "client", f.client.Name)
	}
	return finished
}
