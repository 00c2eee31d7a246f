package demoapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/resource"
)

func TestNotesAreListedNewestFirst(t *testing.T) {
	w := newWorld(t)
	alice := w.token("alice")
	if notes := w.list(alice); notes == nil || len(notes) != 0 {
		t.Fatalf("at first: %v, want an empty list", notes)
	}
	first, second := w.add(alice, "buy a hat"), w.add(alice, "  wear it — ünïcode & <b>\n  ")
	if second.Text != "wear it — ünïcode & <b>" || first.ID == "" || first.ID == second.ID || first.CreatedAt.IsZero() {
		t.Errorf("got %+v and %+v", first, second)
	}
	notes := w.list(alice)
	if len(notes) != 2 || notes[0] != second || notes[1] != first {
		t.Errorf("got %+v", notes)
	}
}

func TestUsersNeverSeeEachOthersNotes(t *testing.T) {
	w := newWorld(t)
	alice, bob := w.token("alice"), w.token("bob")
	hers, his := w.add(alice, "alice's"), w.add(bob, "bob's")
	if notes := w.list(bob); len(notes) != 1 || notes[0] != his {
		t.Errorf("bob sees %+v", notes)
	}
	refused(w, w.call(bob, http.MethodDelete, "/notes/"+hers.ID, ""), http.StatusNotFound, "not_found")
	answered[any](w, w.call(bob, http.MethodDelete, "/notes", ""), http.StatusNoContent)
	if notes := w.list(alice); len(notes) != 1 || notes[0] != hers {
		t.Errorf("alice is left with %+v", notes)
	}
}

func TestSubjectsOfTwoIssuersAreTwoUsers(t *testing.T) {
	w := newWorld(t)
	if _, err := w.api.notes.add(t.Context(), user{"https://other.example", "alice"}, "of another alice", time.Now()); err != nil {
		t.Fatal(err)
	}
	if notes := w.list(w.token("alice")); len(notes) != 0 {
		t.Errorf("alice sees %+v", notes)
	}
}

func TestNoteIsDeletedOnce(t *testing.T) {
	w := newWorld(t)
	alice := w.token("alice")
	note := w.add(alice, "buy a hat")
	answered[any](w, w.call(alice, http.MethodDelete, "/notes/"+note.ID, ""), http.StatusNoContent)
	refused(w, w.call(alice, http.MethodDelete, "/notes/"+note.ID, ""), http.StatusNotFound, "not_found")
	if notes := w.list(alice); len(notes) != 0 {
		t.Errorf("left: %+v", notes)
	}
}

func TestEveryRouteAsksForItsScope(t *testing.T) {
	w := newWorld(t)
	for _, route := range []struct{ method, path, scope, other string }{
		{http.MethodGet, "/notes", scopeRead, scopeWrite},
		{http.MethodPost, "/notes", scopeWrite, scopeRead},
		{http.MethodDelete, "/notes", scopeWrite, scopeRead},
		{http.MethodDelete, "/notes/absent", scopeWrite, scopeRead},
		{http.MethodGet, "/notes/events", scopeRead, scopeWrite},
	} {
		refused(w, w.call("", route.method, route.path, ""), http.StatusUnauthorized, "token_missing")
		weak := w.call(w.token("alice", map[string]any{"scope": route.other}), route.method, route.path, "")
		refused(w, weak, http.StatusForbidden, "insufficient_scope")
		if challenge := weak.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `scope="`+route.scope+`"`) {
			t.Errorf("%s %s: %s", route.method, route.path, challenge)
		}
		enough := w.call(w.token("alice", map[string]any{"scope": route.scope}), route.method, route.path, "")
		if enough.StatusCode == http.StatusForbidden || enough.StatusCode == http.StatusUnauthorized {
			t.Errorf("%s %s with its scope: %s", route.method, route.path, enough.Status)
		}
	}
}

func TestClientWithoutUserHasNoNotes(t *testing.T) {
	w := newWorld(t)
	refused(w, w.call(w.token("web"), http.MethodGet, "/notes", ""), http.StatusForbidden, "user_required")
}

func TestDeletingAllNotesNeedsRecentAuthentication(t *testing.T) {
	w := newWorld(t)
	w.add(w.token("alice"), "buy a hat")
	old := w.token("alice", map[string]any{"auth_time": time.Now().Add(-time.Hour).Unix()})
	refusal := w.call(old, http.MethodDelete, "/notes", "")
	refused(w, refusal, http.StatusUnauthorized, "insufficient_user_authentication")
	if challenge := refusal.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `max_age="300"`) {
		t.Errorf("challenge %s", challenge)
	}
	if notes := w.list(old); len(notes) != 1 {
		t.Errorf("left: %+v", notes)
	}
	answered[any](w, w.call(w.token("alice"), http.MethodDelete, "/notes", ""), http.StatusNoContent)
	if notes := w.list(old); len(notes) != 0 {
		t.Errorf("left: %+v", notes)
	}
}

func TestDeletingAllNotesNeedsTheClassThatIsConfigured(t *testing.T) {
	w := newWorld(t, func(cfg *Config) { cfg.StepUpACR = []string{"urn:two", "urn:three"} })
	w.add(w.token("alice"), "buy a hat")
	for _, class := range []string{"", "urn:one"} {
		refusal := w.call(w.token("alice", map[string]any{"acr": class}), http.MethodDelete, "/notes", "")
		refused(w, refusal, http.StatusUnauthorized, "insufficient_user_authentication")
		if challenge := refusal.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `acr_values="urn:two urn:three"`) || !strings.Contains(challenge, `max_age="300"`) {
			t.Errorf("challenge %s", challenge)
		}
	}
	old := w.token("alice", map[string]any{"acr": "urn:two", "auth_time": time.Now().Add(-time.Hour).Unix()})
	refused(w, w.call(old, http.MethodDelete, "/notes", ""), http.StatusUnauthorized, "insufficient_user_authentication")
	answered[any](w, w.call(w.token("alice", map[string]any{"acr": "urn:three"}), http.MethodDelete, "/notes", ""), http.StatusNoContent)
}

func TestAddRefusesWhatIsNoNote(t *testing.T) {
	w := newWorld(t)
	alice := w.token("alice")
	for _, row := range []struct {
		name, body string
		status     int
		code       string
	}{
		{"no JSON", "buy a hat", 400, "invalid_request"},
		{"an array", "[]", 400, "invalid_request"},
		{"no text", "{}", 400, "invalid_request"},
		{"text null", `{"text":null}`, 400, "invalid_request"},
		{"text a number", `{"text":1}`, 400, "invalid_request"},
		{"an unknown member", `{"text":"x","owner":"bob"}`, 400, "invalid_request"},
		{"more behind it", `{"text":"x"}{}`, 400, "invalid_request"},
		{"not UTF-8", "{\"text\":\"\xff\"}", 400, "invalid_request"},
		{"empty text", `{"text":""}`, 422, "invalid_text"},
		{"blank text", `{"text":" \n\t"}`, 422, "invalid_text"},
		{"long text", `{"text":"` + strings.Repeat("ü", maxText+1) + `"}`, 422, "invalid_text"},
		{"a large body", `{"text":"` + strings.Repeat("x", maxBody) + `"}`, 413, "body_too_large"},
	} {
		t.Run(row.name, func(t *testing.T) {
			refused(w, w.call(alice, http.MethodPost, "/notes", row.body), row.status, row.code)
		})
	}
	form, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/notes", strings.NewReader(`{"text":"x"}`))
	if err != nil {
		t.Fatal(err)
	}
	form.Header.Set("Authorization", "Bearer "+alice)
	form.Header.Set("Content-Type", "text/plain")
	refused(w, w.do(form), http.StatusUnsupportedMediaType, "unsupported_media_type")
	if notes := w.list(alice); len(notes) != 0 {
		t.Errorf("kept: %+v", notes)
	}
	if note := w.add(alice, strings.Repeat("ü", maxText)); len([]rune(note.Text)) != maxText {
		t.Errorf("the longest note has %d characters", len([]rune(note.Text)))
	}
}

func TestNotesOfAUserAreBounded(t *testing.T) {
	w := newWorld(t)
	owner := user{w.issuer, "alice"}
	for number := range maxNotes {
		if _, err := w.api.notes.add(t.Context(), owner, fmt.Sprint(number), time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	refused(w, w.call(w.token("alice"), http.MethodPost, "/notes", `{"text":"one more"}`), http.StatusConflict, "too_many_notes")
	w.add(w.token("bob"), "of another user")
	if notes := w.list(w.token("alice")); len(notes) != maxNotes {
		t.Errorf("%d notes", len(notes))
	}
}

func TestUnknownPathsAndMethodsAreProblems(t *testing.T) {
	w := newWorld(t)
	alice := w.token("alice")
	refused(w, w.call(alice, http.MethodGet, "/", ""), http.StatusNotFound, "not_found")
	refused(w, w.call(alice, http.MethodGet, "/notes/a/b", ""), http.StatusNotFound, "not_found")
	wrong := w.call(alice, http.MethodPut, "/notes", "{}")
	refused(w, wrong, http.StatusMethodNotAllowed, "method_not_allowed")
	if allow := wrong.Header.Get("Allow"); allow != "DELETE, GET, POST" {
		t.Errorf("Allow: %s", allow)
	}
	if cache := wrong.Header.Get("Cache-Control"); cache != "no-store" {
		t.Errorf("Cache-Control: %s", cache)
	}
}

func TestNotesAreKeptWhenTheAPIStartsAgain(t *testing.T) {
	w := newWorld(t)
	note := w.add(w.token("alice"), "buy a hat")
	if err := w.api.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := openNotes(t.Context(), w.path)
	if err != nil {
		t.Fatal(err)
	}
	defer again.close() //nolint:errcheck // a test
	if notes, err := again.list(t.Context(), user{w.issuer, "alice"}); err != nil || len(notes) != 1 || notes[0] != note {
		t.Errorf("got %+v, %v", notes, err)
	}
}

func TestOutageIsNoAnswerAboutNotes(t *testing.T) {
	w := newWorld(t)
	if err := w.api.Close(); err != nil {
		t.Fatal(err)
	}
	response := w.call(w.token("alice"), http.MethodGet, "/notes", "")
	refused(w, response, http.StatusServiceUnavailable, "store_unavailable")
	if response.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
}

func TestRoutesNeverRunWithoutAToken(t *testing.T) {
	w := newWorld(t)
	for path, methods := range w.api.routes() {
		for method := range methods {
			refused(w, w.call("", method, strings.Replace(path, "{id}", "x", 1), ""), http.StatusUnauthorized, "token_missing")
		}
	}
	if resource.TokenFrom(t.Context()) != nil {
		t.Error("a context without a token has one")
	}
}
