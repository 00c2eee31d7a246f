package adminapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
	"cloakroom/authserver/store/memory"
)

// public asks the public listener for a path.
func (p *panel) asks(path string) reply {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.public.URL+path, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(response)
}

const discovery = "/.well-known/openid-configuration"

func TestTenantAndWorkspaceAreMadeServedDisabledAndDeleted(t *testing.T) {
	p := start(t)
	tenant := p.call(http.StatusCreated, http.MethodPost, "/tenants", `{"name":"acme","title":"Acme"}`, nil)
	ws := p.call(http.StatusCreated, http.MethodPost, "/tenants/acme/workspaces", `{"name":"main","title":"Acme's own","policy":{"access_token_lifetime":"2m","id_token_signing_alg":"ES256"},"scopes":[{"name":"things","description":"See your things"}]}`, nil)
	if ws.state()["issuer"] != "http://localhost:9000/acme/main" || ws.state()["served"] != true || ws.body["clients"] != nil {
		t.Errorf("%s", ws.text)
	}
	found := p.asks("/acme/main" + discovery)
	if found.StatusCode != http.StatusOK || found.body["issuer"] != "http://localhost:9000/acme/main" || !strings.Contains(found.text, `"things"`) {
		t.Errorf("%d %s", found.StatusCode, found.text)
	}
	if keys := p.asks("/acme/main/oauth2/jwks"); keys.StatusCode != http.StatusOK || strings.Count(keys.text, `"kid"`) != 1 {
		t.Errorf("its keys: %s", keys.text)
	}
	p.call(http.StatusCreated, http.MethodPost, "/tenants/acme/workspaces/main/clients", `{"id":"app","redirect_uris":["https://app.example/"],"scopes":["things"]}`, nil)
	if sources := fmt.Sprint(ws.body["identity_sources"]); sources != "[map[id:local name:local password_change:on sign_up:off type:local]]" {
		t.Errorf("where its users sign in: %s", sources)
	}
	changed := p.call(http.StatusOK, http.MethodPatch, "/tenants/acme/workspaces/main", `{"title":"New","policy":{"access_token_lifetime":null}}`, ifMatch(ws.etag()))
	if policy, _ := changed.body["policy"].(map[string]any); changed.body["title"] != "New" || policy["access_token_lifetime"] != "5m" || policy["id_token_signing_alg"] != "ES256" {
		t.Errorf("%s", changed.text)
	}
	if got := p.wrong(http.MethodPatch, "/tenants/acme/workspaces/main", `{"preset":"fapi2"}`, ifMatch(changed.etag())); got.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(got.text, "app contradicts it") {
		t.Errorf("a preset that its client contradicts: %d %s", got.StatusCode, got.text)
	}
	if got := p.wrong(http.MethodPatch, "/tenants/acme/workspaces/main", `{"name":"other"}`, ifMatch(changed.etag())); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("another name: %d %s", got.StatusCode, got.text)
	}
	if got := p.wrong(http.MethodDelete, "/tenants/acme", "", ifMatch(tenant.etag())); got.StatusCode != http.StatusConflict {
		t.Errorf("a tenant with workspaces: %d %s", got.StatusCode, got.text)
	}
	// What was read can be sent back, defaults and all.
	changed = p.call(http.StatusOK, http.MethodPut, "/tenants/acme/workspaces/main", changed.text, ifMatch(changed.etag()))
	tenant = p.call(http.StatusOK, http.MethodPut, "/tenants/acme", tenant.text, ifMatch(tenant.etag()))
	// A disabled tenant takes all of its workspaces with it.
	off := p.call(http.StatusOK, http.MethodPost, "/tenants/acme/disable", "", ifMatch(tenant.etag()))
	if got := p.asks("/acme/main" + discovery); got.StatusCode != http.StatusNotFound {
		t.Errorf("served although its tenant is disabled: %d", got.StatusCode)
	}
	if got := p.call(http.StatusOK, http.MethodGet, "/tenants/acme/workspaces/main", "", nil); got.state()["served"] != false || got.state()["disabled"] != false {
		t.Errorf("%s", got.text)
	}
	p.call(http.StatusOK, http.MethodPost, "/tenants/acme/enable", "", ifMatch(off.etag()))
	if got := p.asks("/acme/main" + discovery); got.StatusCode != http.StatusOK {
		t.Errorf("enabled again: %d", got.StatusCode)
	}
	disabled := p.call(http.StatusOK, http.MethodPost, "/tenants/acme/workspaces/main/disable", "", ifMatch(changed.etag()))
	if got := p.asks("/acme/main" + discovery); got.StatusCode != http.StatusNotFound {
		t.Errorf("disabled: %d", got.StatusCode)
	}
	p.call(http.StatusConflict, http.MethodDelete, "/tenants/acme/workspaces/main", "", ifMatch(disabled.etag()))
	p.call(http.StatusNoContent, http.MethodDelete, "/tenants/acme/workspaces/main/clients/app", "", ifMatch("*"))
	p.call(http.StatusNoContent, http.MethodDelete, "/tenants/acme/workspaces/main", "", ifMatch(disabled.etag()))
	p.call(http.StatusNoContent, http.MethodDelete, "/tenants/acme", "", ifMatch("*"))
	if got := p.call(http.StatusOK, http.MethodGet, "/tenants", "", nil); len(got.items()) != 1 {
		t.Errorf("%s", got.text)
	}
}

// Who had an account in a workspace that is gone has none in the next one of that name, and nothing that was signed for the one is good
// in the other.
func TestWorkspaceThatIsMadeAgainIsEmpty(t *testing.T) {
	for name, st := range map[string]store.Store{"memory": memory.New(time.Now), "a file": openFile(t, filepath.Join(t.TempDir(), "test.db"))} {
		p := startOn(t, st)
		const workspaces, mine = "/tenants/demo/workspaces", "/tenants/demo/workspaces/again"
		create := func() {
			t.Helper()
			p.call(http.StatusCreated, http.MethodPost, workspaces, `{"name":"again","policy":{"id_token_signing_alg":"ES256"}}`, nil)
		}
		create()
		p.call(http.StatusCreated, http.MethodPost, mine+"/users", `{"username":"dora","password":"something else entirely"}`, nil)
		before := p.call(http.StatusOK, http.MethodGet, mine+"/keys", "", nil).items()
		if users := p.call(http.StatusOK, http.MethodGet, mine+"/users", "", nil).items(); len(users) != 1 { // the control
			t.Fatalf("%s: %v", name, users)
		}
		p.call(http.StatusOK, http.MethodPost, mine+"/disable", "", ifMatch("*"))
		if _, err := st.AccountByName(t.Context(), "demo/again", "dora"); err != nil { // the control: disabled keeps them
			t.Errorf("%s: disabled: %v", name, err)
		}
		p.call(http.StatusNoContent, http.MethodDelete, mine, "", ifMatch("*"))
		if _, err := st.AccountByName(t.Context(), "demo/again", "dora"); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: deleted: %v", name, err)
		}
		create()
		if users := p.call(http.StatusOK, http.MethodGet, mine+"/users", "", nil).items(); len(users) != 0 {
			t.Errorf("%s: %v", name, users)
		}
		after := p.call(http.StatusOK, http.MethodGet, mine+"/keys", "", nil).items()
		if len(after) != 1 || after[0]["kid"] == before[0]["kid"] {
			t.Errorf("%s: it signs with %v after %v", name, after, before)
		}
		if served := p.asks("/demo/again/oauth2/jwks"); !strings.Contains(served.text, fmt.Sprint(after[0]["kid"])) {
			t.Errorf("%s: %s", name, served.text)
		}
		if carol, err := st.AccountByName(t.Context(), baseline, "carol"); err != nil || carol.Subject == "" {
			t.Errorf("%s: another workspace's user: %v", name, err)
		}
	}
}

// A key that is no longer safe ends on every instance, and not only where it was retired.
func TestRetiredKeyEndsAtOtherInstancesToo(t *testing.T) {
	here := start(t)
	there := startOn(t, here.store)
	const path = "/tenants/demo/workspaces/baseline/keys"
	kid := fmt.Sprint(here.call(http.StatusOK, http.MethodGet, path, "", nil).items()[0]["kid"])
	if published := there.asks("/demo/baseline/oauth2/jwks"); !strings.Contains(published.text, kid) {
		t.Fatalf("the control: %s", published.text)
	}
	here.call(http.StatusOK, http.MethodPost, path+"/"+kid+"/retire", "", nil)
	for began := time.Now(); strings.Contains(there.asks("/demo/baseline/oauth2/jwks").text, kid); time.Sleep(20 * time.Millisecond) {
		if time.Since(began) > 20*time.Second {
			t.Fatal("the other instance publishes it still")
		}
	}
}

func TestKeysAreListedRotatedAndRetired(t *testing.T) {
	p := start(t)
	const path = "/tenants/demo/workspaces/baseline/keys"
	first := p.call(http.StatusOK, http.MethodGet, path, "", nil).items()
	if len(first) != 1 || first[0]["state"] != "active" {
		t.Fatalf("%v", first)
	}
	rotated := p.call(http.StatusOK, http.MethodPost, path+"/rotate", "", nil).items()
	if len(rotated) != 2 || rotated[1]["state"] != "published" || rotated[0]["signs_until"] == nil {
		t.Errorf("%v", rotated)
	}
	again := p.call(http.StatusOK, http.MethodPost, path+"/rotate", "", nil).items()
	if len(again) != 2 {
		t.Errorf("while one waits another was made: %v", again)
	}
	kid := fmt.Sprint(first[0]["kid"])
	retired := p.call(http.StatusOK, http.MethodPost, path+"/"+kid+"/retire", "", nil).items()
	var signing, gone int
	for _, key := range retired {
		if key["state"] == "active" {
			signing++
		}
		if key["kid"] == kid && key["state"] == "expired" {
			gone++
		}
	}
	if signing != 1 || gone != 1 {
		t.Errorf("%v", retired)
	}
	if published := p.asks("/demo/baseline/oauth2/jwks"); strings.Contains(published.text, kid) || strings.Count(published.text, `"kid"`) != 1 {
		t.Errorf("the retired key is published: %s", published.text)
	}
	// What signs now can be used: a client gets a token by it.
	created := p.call(http.StatusCreated, http.MethodPost, clients, made, nil)
	secret, _ := created.body["client_secret"].(string)
	if status, answer := p.tokenOf("made", secret); status != http.StatusOK {
		t.Errorf("%d %v", status, answer)
	}
	// The one that is left can be retired too: another is made.
	for _, key := range retired {
		if key["state"] == "active" {
			p.call(http.StatusOK, http.MethodPost, fmt.Sprint(path, "/", key["kid"], "/retire"), "", nil)
		}
	}
	if status, answer := p.tokenOf("made", secret); status != http.StatusOK {
		t.Errorf("after the last: %d %v", status, answer)
	}
	p.call(http.StatusNotFound, http.MethodPost, path+"/none/retire", "", nil)
	if strings.Contains(p.log.String(), `"d":`) {
		t.Error("a private key is in the log")
	}
}
