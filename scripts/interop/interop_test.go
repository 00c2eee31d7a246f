package interop

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// onPath puts programs with these names and shell scripts on an otherwise empty PATH.
func onPath(t *testing.T, programs map[string]string) {
	t.Helper()
	folder := t.TempDir()
	for name, script := range programs {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil { //nolint:gosec // it has to be run
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", folder)
}

func project(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	for _, name := range []string{"package.json", "package-lock.json"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("{}"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestInstallNamesThePackageThatIsMissing(t *testing.T) {
	for name, row := range map[string]struct {
		programs map[string]string
		want     error
	}{
		"no node":  {nil, ErrNode},
		"old node": {map[string]string{"node": "echo v18.19.0"}, ErrNode},
		"no npm":   {map[string]string{"node": "echo v20.1.0"}, ErrNPM},
	} {
		t.Run(name, func(t *testing.T) {
			onPath(t, row.programs)
			if err := Install(t.Context(), project(t), t.Output()); !errors.Is(err, row.want) {
				t.Errorf("said %v, want %v", err, row.want)
			}
		})
	}
}

// npm that leaves what npm leaves, and counts its runs.
const npm = `[ "$1" = ci ] || exit 1; [ -d node_modules ] || /bin/mkdir node_modules; echo run >> node_modules/runs; echo '{}' > node_modules/.package-lock.json`

func TestInstallRunsOnceForEachLockFile(t *testing.T) {
	onPath(t, map[string]string{"node": "echo v22.0.0", "npm": npm})
	folder := project(t)
	runs := func() int {
		text, err := os.ReadFile(filepath.Join(folder, "node_modules", "runs"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Count(string(text), "run")
	}
	for step, want := range []int{1, 1, 2} {
		if step == 2 { // the lock file changed after the installation
			old := filepath.Join(folder, "node_modules", ".package-lock.json")
			before, err := os.Stat(filepath.Join(folder, "package-lock.json"))
			if err != nil {
				t.Fatal(err)
			}
			past := before.ModTime().Add(-1)
			if err := os.Chtimes(old, past, past); err != nil {
				t.Fatal(err)
			}
		}
		if err := Install(t.Context(), folder, t.Output()); err != nil {
			t.Fatal(err)
		}
		if got := runs(); got != want {
			t.Errorf("step %d: %d runs, want %d", step, got, want)
		}
	}
}

func TestInstallSaysThatItFailed(t *testing.T) {
	onPath(t, map[string]string{"node": "echo v22.0.0", "npm": "exit 7"})
	if err := Install(t.Context(), project(t), t.Output()); err == nil || !strings.Contains(err.Error(), "npm ci") {
		t.Errorf("said %v", err)
	}
}
