package trim

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestTrimmedGoAppLinksNoHTTP(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	cache := filepath.Join(".cache", "trim-test")
	t.Cleanup(func() { _ = os.RemoveAll(filepath.Join(root, cache)) })
	modfile, err := Prepare(t.Context(), root, cache)
	if err != nil {
		t.Fatal(err)
	}
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
		"a file is gone":     func(f map[string][]byte) { delete(f, "pkg/app/http.go") },
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
