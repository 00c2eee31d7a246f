package adminapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
	"cloakroom/authserver/store/sqlstore"
)

const (
	clients = "/tenants/demo/workspaces/baseline/clients"
	made    = `{"id":"made","name":"Made","grant_types":["client_credentials"],"scopes":["notes.read"],"default_scopes":["notes.read"]}`
)

// tokenOf asks the public listener for a token with a client's secret.
func (p *panel) tokenOf(client, secret string) (status int, answer map[string]any) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.public.URL+"/demo/baseline/oauth2/token", strings.NewReader("grant_type=client_credentials"))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(url.QueryEscape(client), url.QueryEscape(secret))
	response, err := p.public.Client().Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	got := p.read(response)
	return got.StatusCode, got.body
}

// active reports whether an access token is good still.
func (p *panel) active(client, secret, token string) bool {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.public.URL+"/demo/baseline/oauth2/introspect", strings.NewReader(url.Values{"token": {token}}.Encode()))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(client, secret)
	response, err := p.public.Client().Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.read(response).body["active"] == true
}

func TestClientIsMadeUsedDisabledEnabledAndDeleted(t *testing.T) {
	p := start(t)
	created := p.call(http.StatusCreated, http.MethodPost, clients, made, nil)
	secret, _ := created.body["client_secret"].(string)
	if len(secret) < 32 || created.etag() != `"1"` || created.Header.Get("Location") != "/admin/v1"+clients+"/made" {
		t.Fatalf("%s %v", created.text, created.Header)
	}
	resource := p.call(http.StatusCreated, http.MethodPost, clients, `{"id":"api","resources":["https://api.example/"]}`, nil)
	apiSecret, _ := resource.body["client_secret"].(string)
	status, issued := p.tokenOf("made", secret)
	if status != http.StatusOK {
		t.Fatalf("in force at once: %d %v", status, issued)
	}
	token, _ := issued["access_token"].(string)
	if !p.active("api", apiSecret, token) {
		t.Error("the control: its token is good")
	}
	read := p.call(http.StatusOK, http.MethodGet, clients+"/made", "", nil)
	if strings.Contains(read.text, secret) || strings.Contains(read.text, "client_secret\"") || strings.Contains(read.text, "sha256") {
		t.Errorf("the secret is told twice: %s", read.text)
	}
	disabled := p.call(http.StatusOK, http.MethodPost, clients+"/made/disable", "", ifMatch(read.etag()))
	if disabled.state()["disabled"] != true {
		t.Errorf("%s", disabled.text)
	}
	if status, _ := p.tokenOf("made", secret); status != http.StatusUnauthorized {
		t.Errorf("a disabled client got %d", status)
	}
	if p.active("api", apiSecret, token) {
		t.Error("the token of a disabled client is good")
	}
	enabled := p.call(http.StatusOK, http.MethodPost, clients+"/made/enable", "", ifMatch(disabled.etag()))
	if status, _ := p.tokenOf("made", secret); status != http.StatusOK {
		t.Errorf("an enabled client got %d", status)
	}
	if p.active("api", apiSecret, token) {
		t.Error("what was revoked came back")
	}
	p.call(http.StatusNoContent, http.MethodDelete, clients+"/made", "", ifMatch(enabled.etag()))
	if status, _ := p.tokenOf("made", secret); status != http.StatusUnauthorized {
		t.Errorf("a deleted client got %d", status)
	}
	p.call(http.StatusNotFound, http.MethodGet, clients+"/made", "", nil)

	var actions []string
	for _, record := range p.audited() {
		if record["name"] == "made" {
			actions = append(actions, fmt.Sprint(record["actor"], " ", record["action"]))
		}
	}
	if got := strings.Join(actions, ", "); got != "ops create, ops disable, ops enable, ops delete" {
		t.Errorf("recorded: %s", got)
	}
	if strings.Contains(p.log.String(), secret) || strings.Contains(p.log.String(), adminToken) {
		t.Error("a secret is in the log")
	}
}

func TestChangeNeedsTheVersionThatWasRead(t *testing.T) {
	p := start(t)
	first := p.call(http.StatusCreated, http.MethodPost, clients, made, nil)
	if got := p.wrong(http.MethodPatch, clients+"/made", `{"name":"New"}`, nil); got.StatusCode != http.StatusPreconditionRequired {
		t.Errorf("without: %d %s", got.StatusCode, got.text)
	}
	second := p.call(http.StatusOK, http.MethodPatch, clients+"/made", `{"name":"New","uri":"https://made.example/"}`, ifMatch(first.etag()))
	if second.body["name"] != "New" || second.etag() == first.etag() {
		t.Errorf("%s", second.text)
	}
	for _, stale := range []string{first.etag(), `W/` + second.etag(), `2`, `"x"`, `"0"`} {
		if got := p.wrong(http.MethodPatch, clients+"/made", `{"name":"Newer"}`, ifMatch(stale)); got.StatusCode != http.StatusPreconditionFailed {
			t.Errorf("%s: %d %s", stale, got.StatusCode, got.text)
		}
	}
	third := p.call(http.StatusOK, http.MethodPatch, clients+"/made", `{"uri":null}`, ifMatch("*"))
	if third.body["uri"] != nil || third.body["name"] != "New" {
		t.Errorf("%s", third.text)
	}
	// What was read can be sent back.
	read := p.call(http.StatusOK, http.MethodGet, clients+"/made", "", nil)
	fourth := p.call(http.StatusOK, http.MethodPut, clients+"/made", strings.Replace(read.text, `"New"`, `"Newest"`, 1), ifMatch(read.etag()))
	if fourth.body["name"] != "Newest" || fourth.body["client_secret"] != nil {
		t.Errorf("%s", fourth.text)
	}
	var members []string
	for _, record := range p.audited() {
		members = append(members, fmt.Sprint(record["members"]))
	}
	if got := strings.Join(members[1:], "; "); got != "name uri; uri; name" {
		t.Errorf("recorded members: %q", got)
	}
}

func TestRotatedSecretIsToldOnceAndOverlaps(t *testing.T) {
	p := start(t)
	created := p.call(http.StatusCreated, http.MethodPost, clients, made, nil)
	first, _ := created.body["client_secret"].(string)
	rotated := p.call(http.StatusOK, http.MethodPost, clients+"/made/rotate-secret", `{"overlap":"1h"}`, ifMatch(created.etag()))
	second, _ := rotated.body["client_secret"].(string)
	secrets, _ := rotated.state()["secrets"].([]any)
	if second == first || len(secrets) != 2 {
		t.Errorf("%s", rotated.text)
	}
	for _, secret := range []string{first, second} {
		if status, _ := p.tokenOf("made", secret); status != http.StatusOK {
			t.Errorf("within the overlap: %d", status)
		}
	}
	last := p.call(http.StatusOK, http.MethodPost, clients+"/made/rotate-secret", `{"overlap":"0s"}`, ifMatch(rotated.etag()))
	third, _ := last.body["client_secret"].(string)
	for secret, want := range map[string]int{first: http.StatusUnauthorized, second: http.StatusUnauthorized, third: http.StatusOK} {
		if status, _ := p.tokenOf("made", secret); status != want {
			t.Errorf("without an overlap: %d, want %d", status, want)
		}
	}
	if got := p.wrong(http.MethodPost, clients+"/made/rotate-secret", `{"overlap":"9999h"}`, ifMatch("*")); got.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d %s", got.StatusCode, got.text)
	}
}

func TestWhatTheConfigurationManagesIsRefusedAndSaidSo(t *testing.T) {
	p := start(t)
	read := p.call(http.StatusOK, http.MethodGet, clients+"/web", "", nil)
	if read.state()["managed"] != true || read.etag() != "" {
		t.Errorf("%s", read.text)
	}
	carol := p.call(http.StatusOK, http.MethodGet, "/tenants/demo/workspaces/baseline/users?q=carol", "", nil).items()[0]
	subject, _ := carol["state"].(map[string]any)["subject"].(string)
	users := "/tenants/demo/workspaces/baseline/users/" + subject
	for _, change := range []struct{ method, path, body string }{
		{http.MethodPut, clients + "/web", `{"redirect_uris":["https://evil.example/"]}`},
		{http.MethodPatch, clients + "/web", `{"trusted":true}`},
		{http.MethodPost, clients + "/web/disable", ""},
		{http.MethodPost, clients + "/web/rotate-secret", ""},
		{http.MethodDelete, clients + "/web", ""},
		{http.MethodPut, "/tenants/demo/workspaces/baseline", `{"title":"New"}`},
		{http.MethodPatch, "/tenants/demo/workspaces/baseline", `{"title":"New"}`},
		{http.MethodPost, "/tenants/demo/workspaces/baseline/disable", ""},
		{http.MethodDelete, "/tenants/demo/workspaces/baseline", ""},
		{http.MethodPut, "/tenants/demo", `{"title":"New"}`},
		{http.MethodPatch, "/tenants/demo", `{"title":"New"}`},
		{http.MethodPost, "/tenants/demo/disable", ""},
		{http.MethodDelete, "/tenants/demo", ""},
		{http.MethodPatch, users, `{"claims":{}}`},
		{http.MethodPost, users + "/disable", ""},
		{http.MethodDelete, users, ""},
		{http.MethodPost, users + "/set-password", `{"password":"something else entirely"}`},
		{http.MethodPost, users + "/reset-password", ""},
	} {
		got := p.call(http.StatusConflict, change.method, change.path, change.body, ifMatch("*"))
		if got.body["type"] != "urn:cloakroom:problem:managed" || !strings.Contains(got.text, "configuration file") {
			t.Errorf("%s %s: %s", change.method, change.path, got.text)
		}
	}
	if len(p.audited()) != 0 {
		t.Errorf("recorded as changed: %v", p.audited())
	}
}

func TestListsComeInPagesThatNothingMoves(t *testing.T) {
	p := start(t)
	for at := range 7 {
		p.call(http.StatusCreated, http.MethodPost, clients, strings.Replace(made, `"made"`, fmt.Sprintf(`"client-%d"`, at), 1), nil)
	}
	var names []string
	path := clients + "?limit=3"
	for {
		page := p.call(http.StatusOK, http.MethodGet, path, "", nil)
		for _, item := range page.items() {
			names = append(names, fmt.Sprint(item["id"]))
		}
		cursor, more := page.body["next_cursor"].(string)
		if !more {
			break
		}
		path = clients + "?limit=3&cursor=" + url.QueryEscape(cursor)
		// What comes and goes before the cursor moves nothing.
		if len(names) == 3 {
			p.call(http.StatusNoContent, http.MethodDelete, clients+"/client-0", "", ifMatch("*"))
			p.call(http.StatusCreated, http.MethodPost, clients, strings.Replace(made, `"made"`, `"aaa"`, 1), nil)
		}
	}
	if got := strings.Join(names, " "); got != "client-0 client-1 client-2 client-3 client-4 client-5 client-6 web" {
		t.Errorf("%s", got)
	}
	for _, query := range []string{"?limit=0", "?limit=201", "?limit=x", "?cursor=***", "?surprise=1", "?limit=1&limit=2", "?cursor=AA", "?cursor=_w", "?cursor=%00"} {
		if got := p.wrong(http.MethodGet, clients+query, "", nil); got.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %d", query, got.StatusCode)
		}
	}
}

func TestBodyIsReadStrictlyAndProblemsHaveTheirPlace(t *testing.T) {
	p := start(t)
	for name, test := range map[string]struct {
		body, contentType string
		status            int
		says              string
	}{
		"unknown member":   {`{"id":"a","nmae":"x"}`, "", 422, `"pointer":"/nmae"`},
		"a rule":           {`{"id":"a","redirect_uris":["http://a.example/"]}`, "", 422, `"pointer":"/redirect_uris"`},
		"a file of ours":   {`{"id":"a","secret_file":"/etc/passwd"}`, "", 422, `"pointer":"/secret_file"`},
		"twice":            {`{"id":"a","id":"b"}`, "", 400, "twice"},
		"not an object":    {`[]`, "", 400, "not a JSON object"},
		"too deep":         {`{"id":` + strings.Repeat("[", 30) + strings.Repeat("]", 30) + `}`, "", 400, "nested"},
		"too large":        {`{"name":"` + strings.Repeat("x", 300<<10) + `"}`, "", 413, "limit"},
		"another type":     {made, "text/plain", 415, "application/json"},
		"a form":           {"id=made", "application/x-www-form-urlencoded", 415, "application/json"},
		"the name is gone": {strings.Replace(made, `"made"`, `"web"`, 1), "", 409, "taken"},
	} {
		headers := map[string]string{}
		if test.contentType != "" {
			headers["Content-Type"] = test.contentType
		}
		got := p.wrong(http.MethodPost, clients, test.body, headers)
		if got.StatusCode != test.status || !strings.Contains(got.text, test.says) || got.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.text)
		}
	}
	p.call(http.StatusCreated, http.MethodPost, clients, made, nil) // the control
}

// Two servers on one SQLite file, each with a store of its own: a change on the one is in force on the other within two seconds. What it
// took is logged, and only a bound that is far off is an error.
func TestOtherInstancesOnTheSameStoreFollow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "test.db")
	here, there := startOn(t, openFile(t, path)), startOn(t, openFile(t, path))
	created := here.call(http.StatusCreated, http.MethodPost, clients, made, nil)
	secret, _ := created.body["client_secret"].(string)
	wait := func(want int) {
		t.Helper()
		began := time.Now()
		for status := 0; status != want; time.Sleep(20 * time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatalf("never: %d", status)
			}
			status, _ = there.tokenOf("made", secret)
		}
		t.Logf("the other instance answered %d after %s", want, time.Since(began).Round(time.Millisecond))
	}
	wait(http.StatusOK)
	here.call(http.StatusOK, http.MethodPost, clients+"/made/disable", "", ifMatch("*"))
	wait(http.StatusUnauthorized)
	// The API of the other sees a change at once: it looks before it answers.
	here.call(http.StatusOK, http.MethodPost, clients+"/made/enable", "", ifMatch("*"))
	if got := there.call(http.StatusOK, http.MethodGet, clients+"/made", "", nil); got.state()["disabled"] != false {
		t.Errorf("%s", got.text)
	}
}

func openFile(t *testing.T, path string) store.Store {
	t.Helper()
	file, err := sqlstore.Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := file.Close(); err != nil {
			t.Error(err)
		}
	})
	return file
}
