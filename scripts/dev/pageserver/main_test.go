package main

import (
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"cloakroom/app/shell"
)

func TestPageOffersTheProvidersThatTheProductTells(t *testing.T) {
	if _, err := os.Stat("../../../web/built/" + shell.ManifestName); err != nil {
		t.Fatalf("%v: run make bundle", err)
	}
	page := &current{web: os.DirFS("../../../web")}
	if err := page.load(); err != nil {
		t.Fatal(err)
	}
	get := func(told string) string {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(headerProviders, told)
		w := httptest.NewRecorder()
		page.ServeHTTP(w, r)
		return w.Body.String()
	}
	const two = `[{"id":"a","name":"House A","login":"/bff/login?provider=a"},{"id":"b","name":"House B","login":"/bff/login?provider=b"}]`
	if document := get(two); !strings.Contains(document, "House A") || !strings.Contains(document, "House B") {
		t.Error("the page does not offer both")
	}
	if err := page.load(); err != nil || !strings.Contains(get(two), "House B") {
		t.Errorf("after a rebuild it does not: %v", err)
	}
	if document := get("nonsense"); !strings.Contains(document, "House B") {
		t.Error("what cannot be read takes the page away")
	}
	if document := get(""); strings.Contains(document, "House A") {
		t.Error("a provider that was taken out is still offered")
	}
}
