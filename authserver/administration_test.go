package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"cloakroom/authserver"
)

const adminToken = "the-admin-token-of-this-test-is-long"

// administered is a server without a client and without a user, and its admin API.
type administered struct {
	*house
	party  *party
	secret string // of the client that the API made
	user   string // the subject of the user that it made
}

const bare = `
store: unused
outbound: {allow: [127.0.0.0/8, "::1/128"]}
tenants: [{name: demo}]
`

// administer makes a workspace, a client that wants to be told of logouts, and a user, all through the admin API.
func administer(t *testing.T) *administered {
	t.Helper()
	a := &administered{house: startAs(t, setup{text: bare, token: adminToken}), party: newParty(t)}
	authserver.HurryBackchannel(a.as)
	a.admin(http.StatusConflict, http.MethodPost, "/tenants", `{"name":"demo"}`)
	a.admin(http.StatusCreated, http.MethodPost, "/tenants/demo/workspaces", `{"name":"baseline","title":"Made by the API"}`)
	made := a.admin(http.StatusCreated, http.MethodPost, "/tenants/demo/workspaces/baseline/clients",
		`{"id":"web","name":"Made","redirect_uris":["`+callback+`"],"scopes":["openid","offline_access"],"grant_types":["authorization_code","refresh_token"],"trusted":true,"backchannel_logout_uri":"`+a.party.URL+`"}`)
	a.secret = fmt.Sprint(made["client_secret"])
	user := a.admin(http.StatusCreated, http.MethodPost, "/tenants/demo/workspaces/baseline/users", `{"username":"Alice","password":"down the rabbit hole","claims":{"name":"Alice"}}`)
	a.user = fmt.Sprint(user["state"].(map[string]any)["subject"]) //nolint:forcetypeassert // a panic fails the test
	return a
}

func (a *administered) admin(want int, method, path, body string) map[string]any {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), method, "/admin/v1"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+adminToken)
	r.Header.Set("If-Match", "*")
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	recorder := httptest.NewRecorder()
	a.as.Admin().ServeHTTP(recorder, r)
	if recorder.Code != want {
		a.t.Fatalf("%s %s: %d %s", method, path, recorder.Code, recorder.Body)
	}
	var answer map[string]any
	_ = json.Unmarshal(recorder.Body.Bytes(), &answer)
	return answer
}

func (a *administered) userAction(name, body string) map[string]any {
	a.t.Helper()
	return a.admin(http.StatusOK, http.MethodPost, "/tenants/demo/workspaces/baseline/users/"+a.user+"/"+name, body)
}

// signsIn goes through the sign-in form and returns the tokens; ok is false when the password is not taken.
func (a *administered) signsIn(b *browser, password string) (tokens map[string]any, ok bool) {
	a.t.Helper()
	page := b.get(a.authorizeURL(request(with("scope", "openid offline_access"), with("prompt", "login"))))
	page = b.signIn(page, "alice", password)
	if strings.Contains(page.body, `id="consent_allow"`) {
		page = b.submit(page, "allow", nil)
	}
	if page.StatusCode != http.StatusSeeOther {
		return nil, false
	}
	_, tokens = a.asks(url.Values{"grant_type": {"authorization_code"}, "code": {page.location(a.t, callback).Get("code")}, "redirect_uri": {callback}, "code_verifier": {verifier}})
	return tokens, true
}

func (a *administered) asks(form url.Values) (status int, answer map[string]any) {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), http.MethodPost, a.issuer+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		a.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth("web", a.secret)
	got := a.browser().do(r)
	_ = json.Unmarshal([]byte(got.body), &answer)
	return got.StatusCode, answer
}

// signedIn reports whether the browser has a session.
func (a *administered) signedIn(b *browser) bool {
	a.t.Helper()
	return b.get(a.authorizeURL(request(with("scope", "openid"), with("prompt", "none")))).location(a.t, callback).Get("code") != ""
}

func (a *administered) refreshes(tokens map[string]any) (status int) {
	status, _ = a.asks(url.Values{"grant_type": {"refresh_token"}, "refresh_token": {fmt.Sprint(tokens["refresh_token"])}})
	return status
}

const password = "down the rabbit hole"

// S13, ASVS 7.4.2 and 7.4.5: what an administrator ends, ends: sessions, what was granted, offline access too, and clients are told.
func TestWhatAnAdministratorEndsEnds(t *testing.T) {
	for name, test := range map[string]struct {
		end    func(*administered)
		served bool // the workspace is still there, and the client in force
		again  string
	}{
		"user disabled":         {func(a *administered) { a.userAction("disable", "") }, true, ""},
		"user's sessions ended": {func(a *administered) { a.userAction("end-sessions", "") }, true, password},
		"password set":          {func(a *administered) { a.userAction("set-password", `{"password":"another one, and longer"}`) }, true, "another one, and longer"},
		"client disabled":       {func(a *administered) { a.clientAction("disable") }, false, ""},
		"client deleted":        {func(a *administered) { a.deleteClient() }, false, ""},
		"workspace disabled":    {func(a *administered) { a.workspaceAction("disable") }, false, ""},
		"nothing: the control":  {func(*administered) {}, true, password},
		"a change: the control": {func(a *administered) { a.renameClient() }, true, password},
		"a secret: the control": {func(a *administered) { a.clientAction("rotate-secret") }, true, password},
	} {
		t.Run(name, func(t *testing.T) {
			a := administer(t)
			b := a.browser()
			tokens, ok := a.signsIn(b, password)
			if !ok || !a.signedIn(b) || tokens["refresh_token"] == nil {
				t.Fatal("did not sign in")
			}
			test.end(a)
			if strings.Contains(name, "control") {
				if !a.signedIn(b) || a.refreshes(tokens) != http.StatusOK {
					t.Error("it ended")
				}
				a.party.quiet(t)
				return
			}
			_, claims := logoutClaims(t, a.party.token(t))
			if claims["sub"] != a.user || claims["aud"] != "web" {
				t.Errorf("the client was told %v", claims)
			}
			if status := a.refreshes(tokens); status == http.StatusOK {
				t.Error("the refresh token is good")
			}
			if !test.served {
				return
			}
			if a.signedIn(b) {
				t.Error("the session lives")
			}
			if _, ok := a.signsIn(a.browser(), password); ok != (test.again == password) {
				t.Errorf("the password signs in: %v", ok)
			}
			if test.again != "" {
				if _, ok := a.signsIn(a.browser(), test.again); !ok {
					t.Error("the password after it does not sign in")
				}
			}
		})
	}
}

func (a *administered) clientAction(name string) {
	a.t.Helper()
	a.admin(http.StatusOK, http.MethodPost, "/tenants/demo/workspaces/baseline/clients/web/"+name, "")
}

func (a *administered) deleteClient() {
	a.t.Helper()
	a.admin(http.StatusNoContent, http.MethodDelete, "/tenants/demo/workspaces/baseline/clients/web", "")
}

func (a *administered) workspaceAction(name string) {
	a.t.Helper()
	a.admin(http.StatusOK, http.MethodPost, "/tenants/demo/workspaces/baseline/"+name, "")
}

func (a *administered) renameClient() {
	a.t.Helper()
	given := a.admin(http.StatusOK, http.MethodGet, "/tenants/demo/workspaces/baseline/clients/web", "")
	given["name"] = "Renamed"
	text, err := json.Marshal(given)
	if err != nil {
		a.t.Fatal(err)
	}
	a.admin(http.StatusOK, http.MethodPut, "/tenants/demo/workspaces/baseline/clients/web", string(text))
}

func TestResetPasswordIsToldOnceAndSignsIn(t *testing.T) {
	a := administer(t)
	answer := a.userAction("reset-password", "")
	told := fmt.Sprint(answer["password"])
	if len(told) < 20 {
		t.Fatalf("%v", answer)
	}
	if _, ok := a.signsIn(a.browser(), password); ok {
		t.Error("the old password signs in")
	}
	if _, ok := a.signsIn(a.browser(), told); !ok {
		t.Error("the new password does not sign in")
	}
	for _, text := range []string{a.log.String(), fmt.Sprint(a.admin(http.StatusOK, http.MethodGet, "/tenants/demo/workspaces/baseline/users/"+a.user, ""))} {
		if strings.Contains(text, told) || strings.Contains(text, "argon2") || strings.Contains(text, a.secret) {
			t.Error("it is told again")
		}
	}
}

func TestUserIsSearchedChangedAndHeldToTheRules(t *testing.T) {
	a := administer(t)
	const users = "/tenants/demo/workspaces/baseline/users"
	for _, name := range []string{"bob", "alicia", "malice"} {
		a.admin(http.StatusCreated, http.MethodPost, users, `{"username":"`+name+`"}`)
	}
	names := func(query string) string {
		var all []string
		list, _ := a.admin(http.StatusOK, http.MethodGet, users+query, "")["items"].([]any)
		for _, item := range list {
			all = append(all, fmt.Sprint(item.(map[string]any)["username"])) //nolint:forcetypeassert // a panic fails the test
		}
		return strings.Join(all, " ")
	}
	if got := names(""); got != "alice alicia bob malice" {
		t.Errorf("all: %s", got)
	}
	if got := names("?q=ALI"); got != "alice alicia" {
		t.Errorf("search: %s", got)
	}
	a.admin(http.StatusConflict, http.MethodPost, users, `{"username":"ALICE"}`)
	for name, body := range map[string]string{
		"no name": `{}`, "a weak password": `{"username":"x","password":"password1"}`, "its own sub": `{"username":"x","claims":{"sub":"1"}}`,
		"a hash": `{"username":"x","password_hash":"$argon2id$"}`, "not a name": `{"username":"a b"}`,
		"a name that is a number": `{"username":"x","claims":{"name":5}}`, "a proof in words": `{"username":"x","claims":{"email_verified":"yes"}}`,
	} {
		if got := a.admin(http.StatusUnprocessableEntity, http.MethodPost, users, body); got["errors"] == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
	renamed := a.admin(http.StatusOK, http.MethodPut, users+"/"+a.user, `{"username":"Queen","claims":{"name":"The Queen"}}`)
	if renamed["username"] != "queen" || fmt.Sprint(renamed["claims"]) != "map[name:The Queen]" {
		t.Errorf("%v", renamed)
	}
	a.admin(http.StatusConflict, http.MethodPut, users+"/"+a.user, `{"username":"bob"}`)
	a.admin(http.StatusNotFound, http.MethodGet, users+"/nobody", "")
	// What no store can look for is not looked for.
	for _, null := range []string{"%00", "%FF", "ali%00ce"} {
		a.admin(http.StatusNotFound, http.MethodGet, users+"/"+null, "")
		a.admin(http.StatusBadRequest, http.MethodGet, users+"?q="+null, "")
	}
}

// A user who is deleted is forgotten: the session and the tokens end, the application is told, and who takes the name is somebody else.
func TestDeletedUserIsForgotten(t *testing.T) {
	a := administer(t)
	b := a.browser()
	tokens, ok := a.signsIn(b, password)
	if !ok {
		t.Fatal("the control: does not sign in")
	}
	user := "/tenants/demo/workspaces/baseline/users/" + a.user
	a.admin(http.StatusNoContent, http.MethodDelete, user, "")
	a.party.token(t)
	if a.signedIn(b) {
		t.Error("the session lives on")
	}
	if status := a.refreshes(tokens); status != http.StatusBadRequest {
		t.Errorf("a refresh: %d", status)
	}
	if _, ok := a.signsIn(a.browser(), password); ok {
		t.Error("signs in")
	}
	a.admin(http.StatusNotFound, http.MethodGet, user, "")
	a.admin(http.StatusNotFound, http.MethodDelete, user, "")
	again := a.admin(http.StatusCreated, http.MethodPost, "/tenants/demo/workspaces/baseline/users", `{"username":"Alice","password":"down the rabbit hole"}`)
	if subject := again["state"].(map[string]any)["subject"]; subject == a.user { //nolint:forcetypeassert // a panic fails the test
		t.Error("the subject is used again")
	}
	if again["claims"] != nil || !strings.Contains(a.log.String(), `"action":"delete","kind":"user"`) {
		t.Errorf("%v", again)
	}
}

func TestAdminPathThatIsNotPlainIsNowhere(t *testing.T) {
	a := administer(t)
	for _, path := range []string{"//tenants", "/tenants/demo/../demo", "/tenants//demo", "/tenants/./demo"} {
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			a.admin(http.StatusNotFound, method, path, "")
		}
	}
	a.admin(http.StatusOK, http.MethodGet, "/tenants/demo", "") // the control
}
