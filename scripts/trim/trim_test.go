package trim

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// prepare makes a copy for a test.
func prepare(t *testing.T) (root, modfile string) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(".cache", t.Name())
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Join(root, cache)) })
	modfile, err = Prepare(t.Context(), root, cache)
	if err != nil {
		t.Fatal(err)
	}
	return root, modfile
}

func TestTrimmedGoAppLinksNoHTTP(t *testing.T) {
	root, modfile := prepare(t)
	linked := func(arguments ...string) string {
		list := exec.CommandContext(t.Context(), "go", append(append([]string{"list", "-deps"}, arguments...), "./app/cmd/app")...)
		list.Dir, list.Env = root, append(os.Environ(), "GOOS=js", "GOARCH=wasm", "GOFLAGS=-mod=readonly")
		output, err := list.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		return string(output)
	}
	trimmed, whole := linked("-modfile", modfile), linked()
	for _, name := range []string{"net/http\n", "crypto/aes\n", "regexp\n", "github.com/google/uuid\n"} {
		if strings.Contains(trimmed, "\n"+name) {
			t.Errorf("the trimmed program links %s", name)
		}
		if !strings.Contains(whole, "\n"+name) { // the control
			t.Errorf("the whole program does not link %s: nothing is trimmed", name)
		}
	}
}

// The page's own tests, with the copy: every screen is drawn, driven and prerendered with elements of one type.
func TestPageIsTheSameWithTheTrimmedGoApp(t *testing.T) {
	root, modfile := prepare(t)
	// The copy's methods are not behind interfaces, and vet takes their formats, which we give no values, at their word.
	tests := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-modfile", modfile, "./app/...")
	tests.Dir = root
	if output, err := tests.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

func TestGoAppThatChangedIsAnError(t *testing.T) {
	source, err := locate(t.Context(), "../..")
	if err != nil {
		t.Fatal(err)
	}
	files, err := read(source)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(map[string][]byte){
		"a text is gone": func(f map[string][]byte) {
			f["pkg/app/route.go"] = bytes.ReplaceAll(f["pkg/app/route.go"], []byte("MustCompile"), []byte("Compile"))
		},
		"a function is gone": func(f map[string][]byte) { f["pkg/app/resource.go"] = []byte("package app\n") },
		"a kind of element is otherwise": func(f map[string][]byte) {
			f[generated] = bytes.Replace(f[generated], []byte(`e.setAttr("class", `), []byte(`e.setAttr("classes", `), 1)
		},
		"a file is gone": func(f map[string][]byte) { delete(f, "pkg/app/http.go") },
	} {
		t.Run(name, func(t *testing.T) {
			changed := map[string][]byte{}
			for path, content := range files {
				changed[path] = content
			}
			change(changed)
			if err := apply(changed); err == nil {
				t.Error("it is trimmed all the same")
			}
		})
	}
	if err := apply(files); err != nil { // the control: unchanged, it is trimmed
		t.Error(err)
	}
}
