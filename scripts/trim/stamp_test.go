package trim

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// preparedModule is a folder that asks for the go-app that we ask for, with the copy in it.
func preparedModule(t *testing.T) (root, folder string) {
	t.Helper()
	root = t.TempDir()
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Fatal(err)
		}
		put(t, filepath.Join(root, name), string(content))
	}
	if _, err := Prepare(t.Context(), root, "cache"); err != nil {
		t.Fatal(err)
	}
	return root, filepath.Join(root, "cache")
}

func put(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

// contents are the files of a folder, by name.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(folder), ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(folder, name))
		files[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// Without the go command no copy can be made: what is returned all the same was there.
func usesWhatIsThere(t *testing.T, root string) bool {
	t.Helper()
	path := os.Getenv("PATH")
	t.Setenv("PATH", "")
	defer t.Setenv("PATH", path)
	_, err := Prepare(t.Context(), root, "cache")
	return err == nil
}

func TestCopyThatIsUpToDateIsUsedAgain(t *testing.T) {
	root, _ := preparedModule(t)
	if !usesWhatIsThere(t, root) {
		t.Error("it is made again")
	}
}

func TestCopyThatChangedIsMadeAnew(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, folder string){
		"another content": func(t *testing.T, folder string) {
			put(t, filepath.Join(folder, copied, "pkg/app/route.go"), "package app\n")
		},
		"a file too many": func(t *testing.T, folder string) {
			put(t, filepath.Join(folder, copied, "pkg/app/old.go"), "package app\n")
		},
		"a file is gone":      func(t *testing.T, folder string) { _ = os.Remove(filepath.Join(folder, copied, "pkg/app/route.go")) },
		"another go.mod":      func(t *testing.T, folder string) { put(t, filepath.Join(folder, "go-app.mod"), "module other\n") },
		"no stamp":            func(t *testing.T, folder string) { _ = os.Remove(filepath.Join(folder, stampName)) },
		"of another program":  func(t *testing.T, folder string) { _ = stamp(folder, "another origin") },
		"half of it is there": func(t *testing.T, folder string) { _ = os.RemoveAll(filepath.Join(folder, copied)) },
	} {
		t.Run(name, func(t *testing.T) {
			root, folder := preparedModule(t)
			before := contents(t, folder)
			change(t, folder)
			if usesWhatIsThere(t, root) {
				t.Fatal("it is used as it is")
			}
			if _, err := Prepare(t.Context(), root, "cache"); err != nil {
				t.Fatal(err)
			}
			after := contents(t, folder)
			if len(after) != len(before) {
				t.Errorf("%d files, then %d", len(before), len(after))
			}
			for name, content := range before {
				if after[name] != content {
					t.Errorf("%s is another", name)
				}
			}
		})
	}
}

func TestCopyIsNotUsedForAnotherGoMod(t *testing.T) {
	root, folder := preparedModule(t)
	path := filepath.Join(root, "go.mod")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	put(t, path, string(content)+"\n// another line\n")
	if _, err := Prepare(t.Context(), root, "cache"); err != nil || !strings.Contains(contents(t, folder)["go-app.mod"], "// another line") {
		t.Errorf("the copy's go.mod is the old one: %v", err)
	}
	put(t, path, strings.ReplaceAll(string(content), module+" "+version, module+" v10.1.10"))
	if _, err := Prepare(t.Context(), root, "cache"); err == nil {
		t.Error("another go-app gets the copy of the old one")
	}
}

func TestOriginIsAnotherForAnotherProgram(t *testing.T) {
	root, _ := preparedModule(t)
	program := fstest.MapFS{}
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		program[name] = &fstest.MapFile{Data: content}
	}
	made, err := origin(root, itself)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := origin(root, program); err != nil || same != made { // the control: every source is in it
		t.Errorf("these sources give another origin: %v", err)
	}
	for _, name := range sources {
		content := program[name].Data
		program[name].Data = append([]byte("// changed\n"), content...)
		if other, err := origin(root, program); err != nil || other == made {
			t.Errorf("with another %s it is the same: %v", name, err)
		}
		program[name].Data = content
	}
}
