package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alexedwards/scs/v2"
	"github.com/alexedwards/scs/v2/memstore"
)

// The control of TestSlowRequestThatBeganBeforeSignOutDoesNotBringTheSessionBack: scs as it is documented, with LoadAndSave and an idle timeout, brings the session back.
func TestPlainSCSBringsTheSessionBack(t *testing.T) {
	manager := scs.New()
	manager.IdleTimeout = time.Hour
	manager.Store = memstore.NewWithCleanupInterval(0)
	began, signedOut := make(chan struct{}), make(chan struct{})
	mux := http.NewServeMux()
	mux.HandleFunc("/in", func(_ http.ResponseWriter, r *http.Request) { manager.Put(r.Context(), "user", "alice") })
	mux.HandleFunc("/out", func(_ http.ResponseWriter, r *http.Request) { _ = manager.Destroy(r.Context()) })
	mux.HandleFunc("/slow", func(http.ResponseWriter, *http.Request) { close(began); <-signedOut })
	user := ""
	mux.HandleFunc("/who", func(_ http.ResponseWriter, r *http.Request) { user = manager.GetString(r.Context(), "user") })
	handler := manager.LoadAndSave(mux)
	cookie := ""
	get := func(path string) *httptest.ResponseRecorder {
		w, r := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, path, http.NoBody)
		r.Header.Set("Cookie", cookie)
		handler.ServeHTTP(w, r)
		return w
	}
	cookie = get("/in").Result().Cookies()[0].String()
	cookie, _, _ = strings.Cut(cookie, ";")
	done := make(chan struct{})
	go func() { defer close(done); get("/slow") }()
	<-began
	get("/out")
	close(signedOut)
	<-done
	if get("/who"); user != "alice" {
		t.Error("plain scs keeps the session ended: the test that ours does shows nothing any more")
	}
}
