package adminapi_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

const baseline = "demo/baseline"

// userNamed is the path of a user, and the subject.
func (p *panel) userNamed(name string) (path, subject string) {
	p.t.Helper()
	found, err := p.store.AccountByName(p.t.Context(), baseline, name)
	if err != nil {
		p.t.Fatal(err)
	}
	return "/tenants/demo/workspaces/baseline/users/" + found.Subject, found.Subject
}

// equip gives a user factors, each a second younger than the one before, and recovery codes.
func (p *panel) equip(subject string, ids ...string) {
	p.t.Helper()
	began := time.Now().Add(-time.Hour)
	for at, id := range ids {
		one := store.Factor{
			Workspace: baseline, ID: id, Subject: subject, Kind: store.FactorTOTP, Name: "The " + id, Credential: []byte("a-sealed-secret"),
			Created: began.Add(time.Duration(at) * time.Second),
		}
		if at == 1 {
			one.Kind, one.Name, one.Used = store.FactorPasskey, "", began.Add(time.Minute)
		}
		if err := p.store.AddFactor(p.t.Context(), one); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := p.store.SaveRecoveryCodes(p.t.Context(), baseline, subject, []store.Hash{{1}, {2}, {3}}); err != nil {
		p.t.Fatal(err)
	}
}

// signedIn starts a session for a user and returns how to ask whether it lives.
func (p *panel) signedIn(subject string) (lives func() bool) {
	p.t.Helper()
	now := time.Now()
	session := store.Session{
		Workspace: baseline, ID: "session-of-" + subject, Subject: subject, AuthTime: now, Created: now, Seen: now, Idle: now.Add(time.Hour), Expires: now.Add(time.Hour),
	}
	if err := p.store.StartSession(p.t.Context(), session); err != nil {
		p.t.Fatal(err)
	}
	return func() bool {
		live, err := p.store.Sessions(p.t.Context(), baseline, subject)
		return err == nil && len(live) > 0
	}
}

func TestFactorsOfAUserAreListedInPagesAndWithoutSecrets(t *testing.T) {
	p := start(t)
	carol, subject := p.userNamed("carol")
	if got := p.call(http.StatusOK, http.MethodGet, carol+"/factors", "", nil); len(got.items()) != 0 || got.body["recovery_codes"] != 0.0 {
		t.Errorf("of who has none: %s", got.text)
	}
	p.equip(subject, "app", "key", "spare")
	all := p.call(http.StatusOK, http.MethodGet, carol+"/factors", "", nil)
	if items := all.items(); len(items) != 3 || all.body["recovery_codes"] != 3.0 || items[0]["kind"] != "totp" || items[0]["name"] != "The app" ||
		items[0]["used"] != nil || items[1]["kind"] != "passkey" || items[1]["name"] != nil || items[1]["used"] == nil || items[1]["created"] == nil {
		t.Errorf("%s", all.text)
	}
	if strings.Contains(all.text, "sealed") || strings.Contains(all.text, "YS1zZWFsZWQ") {
		t.Errorf("a secret: %s", all.text)
	}
	var ids []string
	for path := carol + "/factors?limit=2"; path != ""; {
		page := p.call(http.StatusOK, http.MethodGet, path, "", nil)
		for _, one := range page.items() {
			ids = append(ids, fmt.Sprint(one["id"]))
		}
		path = ""
		if cursor, more := page.body["next_cursor"].(string); more {
			path = carol + "/factors?limit=2&cursor=" + url.QueryEscape(cursor)
		}
	}
	if got := strings.Join(ids, " "); got != "app key spare" {
		t.Errorf("%s", got)
	}
	p.call(http.StatusNotFound, http.MethodGet, "/tenants/demo/workspaces/baseline/users/nobody/factors", "", nil)
	p.call(http.StatusNotFound, http.MethodGet, strings.Replace(carol, "baseline", "fapi2", 1)+"/factors", "", nil) // another workspace's user
}

func TestFactorIsRemovedByTheVersionThatWasReadAndSessionsEnd(t *testing.T) {
	p := start(t)
	carol, subject := p.userNamed("carol") // the file's, which says nothing of factors
	p.equip(subject, "app", "key")
	lives := p.signedIn(subject)
	read := p.call(http.StatusOK, http.MethodGet, carol+"/factors", "", nil)
	if got := p.wrong(http.MethodDelete, carol+"/factors/app", "", nil); got.StatusCode != http.StatusPreconditionRequired {
		t.Errorf("without If-Match: %d %s", got.StatusCode, got.text)
	}
	p.call(http.StatusNotFound, http.MethodDelete, carol+"/factors/nothing", "", ifMatch(read.etag()))
	if !lives() {
		t.Error("what was refused ended the session")
	}
	if err := p.store.UseFactor(t.Context(), baseline, "key", 7, time.Now()); err != nil {
		t.Fatal(err)
	}
	if used := p.call(http.StatusOK, http.MethodGet, carol+"/factors", "", nil); used.etag() != read.etag() {
		t.Error("a sign-in changes the version")
	}
	if err := p.store.RenameFactor(t.Context(), baseline, subject, "key", "My key"); err != nil {
		t.Fatal(err)
	}
	p.call(http.StatusPreconditionFailed, http.MethodDelete, carol+"/factors/app", "", ifMatch(read.etag()))
	renamed := p.call(http.StatusOK, http.MethodGet, carol+"/factors", "", nil)
	p.call(http.StatusNoContent, http.MethodDelete, carol+"/factors/app", "", ifMatch(renamed.etag()))
	left := p.call(http.StatusOK, http.MethodGet, carol+"/factors", "", nil)
	if items := left.items(); len(items) != 1 || items[0]["id"] != "key" || left.body["recovery_codes"] != 3.0 {
		t.Errorf("%s", left.text)
	}
	if lives() {
		t.Error("a session that the factor may have begun lives on")
	}
	p.call(http.StatusNotFound, http.MethodDelete, carol+"/factors/app", "", ifMatch("*"))
	if records := p.audited(); len(records) != 1 || records[0]["actor"] != "ops" || records[0]["kind"] != "factor" || records[0]["name"] != subject+"/app" {
		t.Errorf("recorded: %v", records)
	}
}

func TestAllFactorsOfOneUserAreResetAndNobodyElses(t *testing.T) {
	p := start(t)
	dora := p.call(http.StatusCreated, http.MethodPost, "/tenants/demo/workspaces/baseline/users", `{"username":"dora"}`, nil)
	other, _ := dora.state()["subject"].(string)
	carol, subject := p.userNamed("carol")
	p.equip(subject, "app", "key", "spare")
	p.equip(other, "hers")
	lives, othersLives := p.signedIn(subject), p.signedIn(other)
	read := p.call(http.StatusOK, http.MethodGet, carol+"/factors", "", nil)
	p.call(http.StatusNotFound, http.MethodDelete, carol+"/factors/hers", "", ifMatch("*")) // another user's
	p.equipOne(subject, "late")
	p.call(http.StatusPreconditionFailed, http.MethodDelete, carol+"/factors", "", ifMatch(read.etag()))
	p.call(http.StatusNoContent, http.MethodDelete, carol+"/factors", "", ifMatch("*"))
	if got := p.call(http.StatusOK, http.MethodGet, carol+"/factors", "", nil); len(got.items()) != 0 || got.body["recovery_codes"] != 0.0 {
		t.Errorf("left: %s", got.text)
	}
	hers, _ := p.store.Factors(t.Context(), baseline, other)
	if codes, _ := p.store.RecoveryCodes(t.Context(), baseline, other); len(hers) != 1 || codes != 3 || !othersLives() { // the control
		t.Errorf("another user has %d factors and %d codes left, and is signed in: %v", len(hers), codes, othersLives())
	}
	if lives() {
		t.Error("the session lives on")
	}
	if removed := strings.Count(p.log.String(), `"event":"second_factor_removed"`); removed != 4 {
		t.Errorf("%d removals told", removed)
	}
	p.call(http.StatusNoContent, http.MethodDelete, carol+"/factors", "", ifMatch("*")) // nothing is left to remove
}

func (p *panel) equipOne(subject, id string) {
	p.t.Helper()
	if err := p.store.AddFactor(p.t.Context(), store.Factor{Workspace: baseline, ID: id, Subject: subject, Kind: store.FactorTOTP, Created: time.Now()}); err != nil {
		p.t.Fatal(err)
	}
}
