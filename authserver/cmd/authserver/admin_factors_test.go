package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
	"cloakroom/authserver/store/sqlstore"
)

func TestAdminCommandListsAndRemovesFactors(t *testing.T) {
	o, _ := newOperator(t)
	in := func(args ...string) []string { return append(append(args, "--user", "CAROL"), place...) }
	if list := o.says(in("factors", "list")...); !strings.Contains(list, "LAST USED") || !strings.HasSuffix(list, "\n0 recovery codes left\n") {
		t.Errorf("of who has none: %s", list)
	}
	st, err := sqlstore.Open(t.Context(), filepath.Join(o.folder, "authserver.db"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close() //nolint:errcheck // read and written
	carol, err := st.AccountByName(t.Context(), "example/main", "carol")
	if err != nil {
		t.Fatal(err)
	}
	add := func(id, name string) {
		t.Helper()
		one := store.Factor{Workspace: "example/main", ID: id, Subject: carol.Subject, Kind: store.FactorTOTP, Name: name, Credential: []byte("sealed"), Created: time.Now()}
		if err := st.AddFactor(t.Context(), one); err != nil {
			t.Fatal(err)
		}
	}
	add("first", "Old phone")
	add("second", "New phone")
	if err := st.SaveRecoveryCodes(t.Context(), "example/main", carol.Subject, []store.Hash{{1}, {2}}); err != nil {
		t.Fatal(err)
	}
	if list := o.says(in("factors", "list")...); !regexp.MustCompile(`first +totp +Old phone +\S+ +-`).MatchString(list) || !strings.Contains(list, "2 recovery codes left") {
		t.Errorf("%s", list)
	}
	if _, err := o.try(in("factors", "delete", "third")...); exitCode(err) != exitRefused || !strings.Contains(err.Error(), "no such resource") {
		t.Errorf("one that is not there: %v", err)
	}
	if said := o.says(in("factors", "delete", "first")...); said != "deleted first\n" {
		t.Errorf("%s", said)
	}
	if _, err := o.try(in("factors", "reset", "--if-match", `"7"`)...); exitCode(err) != exitRefused || !strings.Contains(err.Error(), "412") {
		t.Errorf("another version: %v", err)
	}
	if said := o.says(in("factors", "reset")...); said != "factors deleted: 1\n" {
		t.Errorf("%s", said)
	}
	if list := o.says(in("factors", "list", "-o", "json")...); list != "[]\n" {
		t.Errorf("%s", list)
	}
	for _, args := range [][]string{append([]string{"factors", "list"}, place...), in("users", "list"), in("factors", "delete"), in("factors", "reset", "first")} {
		if _, err := o.try(args...); exitCode(err) != exitUsage {
			t.Errorf("%v: %v", args, err)
		}
	}
}
