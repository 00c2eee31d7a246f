package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"cloakroom/authserver"
)

func TestKeysRotatePublishesSuccessorsThatDoNotSignYet(t *testing.T) {
	folder := example(t)
	env := environment(map[string]string{authserver.EnvStore: filepath.Join(folder, "authserver.db")})
	command := func(args ...string) (string, error) {
		var out bytes.Buffer
		err := run(t.Context(), append(args, "--config", filepath.Join(folder, "authserver.yaml")), env, &out, &out)
		return out.String(), err
	}
	before, err := command("keys", "list", "--workspace", "example/main")
	if err != nil || strings.Count(before, " active ") != 2 || strings.Contains(before, "published ") {
		t.Fatalf("%v\n%s", err, before)
	}
	after, err := command("keys", "rotate", "--workspace", "example/main")
	if err != nil || strings.Count(after, " active ") != 2 || strings.Count(after, " published ") != 2 {
		t.Errorf("%v\n%s", err, after)
	}
	again, err := command("keys", "rotate", "--workspace", "example/main")
	if err != nil || again != after {
		t.Errorf("while successors wait, another rotation made more: %v\n%s", err, again)
	}
	if _, err := command("keys", "rotate", "--workspace", "example/other"); err == nil || !strings.Contains(err.Error(), "example/other") {
		t.Errorf("an unknown workspace: %v", err)
	}
	for _, wrong := range [][]string{{"keys"}, {"keys", "burn"}} {
		if _, err := command(wrong...); err == nil {
			t.Errorf("%v: accepted", wrong)
		}
	}
}
