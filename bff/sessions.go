package bff

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// sessionsOfUser lists the user's sessions, or ends several at once.
func (b *BFF) sessionsOfUser(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	if r.Method == http.MethodDelete {
		return b.endSessions(w, r, record)
	}
	records, err := b.sessions.List(r.Context(), record)
	if err != nil {
		return sessionRefusal(err)
	}
	list := make([]api.SessionInfo, 0, len(records))
	for _, one := range records {
		list = append(list, api.SessionInfo{
			Handle: one.Handle, Current: one.ID == record.ID, Provider: one.Provider, UserAgent: one.UserAgent,
			CreatedAt: one.Created, LastSeen: one.LastSeen, Expires: one.End(),
		})
	}
	writeJSON(w, "application/json", http.StatusOK, list)
	return nil
}

// endSessions ends the user's other sessions, or all of them.
func (b *BFF) endSessions(w http.ResponseWriter, r *http.Request, record session.Record) error {
	var ended []session.Record
	var err error
	switch scope := r.URL.Query()["scope"]; {
	case slices.Equal(scope, []string{"others"}):
		ended, err = b.sessions.EndOthers(r.Context(), record)
	case slices.Equal(scope, []string{"all"}):
		ended, err = b.sessions.EndAll(r.Context(), record)
	default:
		return refuse(api.InvalidRequest, "scope is not others or all")
	}
	for _, one := range ended {
		b.auditSession(r.Context(), auditSessionEnded, string(api.EndedByUser), one)
		b.revokeNow(r.Context(), one)
	}
	if err != nil {
		return sessionRefusal(err)
	}
	if slices.ContainsFunc(ended, func(one session.Record) bool { return one.ID == record.ID }) {
		b.sessions.ClearCookie(w)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// endSession ends one of the user's sessions by its handle. Another user's is not found.
func (b *BFF) endSession(w http.ResponseWriter, r *http.Request) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	ended, err := b.sessions.EndByHandle(r.Context(), record, lastSegment(r))
	switch {
	case errors.Is(err, session.ErrNotFound), errors.Is(err, session.ErrRevoked), errors.Is(err, session.ErrExpired):
		return refuse(api.NotFound, "there is no such session")
	case err != nil:
		return sessionRefusal(err)
	}
	b.auditSession(r.Context(), auditSessionEnded, string(api.EndedByUser), ended)
	b.revokeNow(r.Context(), ended)
	if ended.ID == record.ID {
		b.sessions.ClearCookie(w)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func sortedNames(claims map[string]any) []string { return slices.Sorted(maps.Keys(claims)) }
