// Package trim makes a copy of go-app without what only its server needs: its HTTP handler and the generator of static sites
// import net/http, which costs the browser's program 2.3 MB (0.4 MB compressed). Its 110 kinds of elements become one type, which
// saves 0.6 MB (0.06 MB compressed), and the browser the compilation of a quarter of what it runs at first. The copy is for the bundle
// alone; the server uses go-app as it is, and the page's tests are run with both.
//
// It is a list of edits for one version of go-app. Whatever does not match any more is an error that says so, and
// `go run ./scripts/bundle -whole` builds without.
//
// Start with [Prepare]; elements.go has the one type, stamp.go when the copy is made anew.
package trim

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

const (
	module  = "github.com/maxence-charriere/go-app/v10"
	version = "v10.1.11"
)

// Cache is where the copy is kept, in the module's folder; git ignores it.
const Cache = ".cache/trimmed"

// copied is the copy's folder in there.
const copied = "go-app"

// folders are what of the module is copied.
var folders = []string{"pkg/app", "pkg/errors"}

// dropped are files that only a server, or an app that encrypts what it stores, needs.
var dropped = []string{"pkg/app/http.go", "pkg/app/static.go", "pkg/app/wasm.go", "pkg/app/crypto.go"}

// kept are the functions that stay of files of which the rest goes; they need no import but strings.
var kept = map[string][]string{
	"pkg/app/resource.go": {"clientResourceResolver", "remoteLocation", "webLocation"},
}

// edits replace every occurrence of a text, which has to be there.
var edits = []struct{ file, old, new string }{
	{"pkg/app/context.go", "\t\"github.com/google/uuid\"\n", ""},
	{"pkg/app/context.go", "uuid.NewString()", "leftOut()"},
	{"pkg/app/state.go", "\t\"github.com/google/uuid\"\n", ""},
	{"pkg/app/state.go", "uuid.NewString()", "leftOut()"},
	// Our routes are paths, and one pattern that matches everything.
	{"pkg/app/route.go", "\t\"regexp\"\n", ""},
	{"pkg/app/route.go", "*regexp.Regexp", "string"},
	{"pkg/app/route.go", "regexp.MustCompile(pattern)", "everything(pattern)"},
	{"pkg/app/route.go", "rwr.regexp.MatchString(path)", "rwr.regexp == \".*\""},
	// All elements are of one type, see elements.go.
	{"pkg/app/node.go", "case *htmlElem, *htmlElemSelfClosing:", "case *htmlElem:"},
	{"pkg/app/engine.go", "document.(HTML).body()", "document.body()"},
	{"pkg/app/engine.go", "child.(HTMLBody); isBody", "child.(HTMLBody); isBody && child.Tag() == \"body\""},
}

// added takes the place of what was dropped. An app that reaches it stops with a message.
const added = `package app

func leftOut() string { panic("go-app: this part is left out of the bundle") }

func encrypt(string, []byte) ([]byte, error) { leftOut(); return nil, nil }
func decrypt(string, []byte) ([]byte, error) { leftOut(); return nil, nil }

func everything(pattern string) string {
	if pattern != ".*" {
		panic("go-app: patterns are left out of the bundle: " + pattern)
	}
	return pattern
}
`

// Prepare writes the copy below cache, a folder of the module at root, and returns the value for the compiler's -modfile. It leaves
// alone what is there when that would become the same: stamp.go.
func Prepare(ctx context.Context, root, cache string) (modfile string, err error) {
	folder := filepath.Join(root, cache)
	modfile = filepath.Join(folder, "go-app.mod")
	made, err := origin(root, itself)
	if err != nil {
		return "", err
	}
	if stamped(folder, made) {
		return modfile, nil
	}
	source, err := locate(ctx, root)
	if err != nil {
		return "", err
	}
	files, err := read(source)
	if err != nil {
		return "", err
	}
	if err := apply(files); err != nil {
		return "", fmt.Errorf("trim go-app: %w; mend scripts/trim, or build with -whole", err)
	}
	if err := writeAll(filepath.Join(folder, copied), files); err != nil {
		return "", err
	}
	if err := writeModfile(root, cache, modfile); err != nil {
		return "", err
	}
	return modfile, stamp(folder, made)
}

// locate finds the module that go.mod asks for, and makes sure that the edits are for it.
func locate(ctx context.Context, root string) (folder string, err error) {
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", module)
	list.Dir, list.Stderr = root, os.Stderr
	output, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("find go-app: %w", err)
	}
	found, folder, _ := strings.Cut(strings.TrimSpace(string(output)), " ")
	if found != version {
		return "", fmt.Errorf("scripts/trim is for go-app %s, go.mod has %s: mend it, or build with -whole", version, found)
	}
	return folder, nil
}

// read returns the files that the copy begins with, by their path in the module.
func read(source string) (map[string][]byte, error) {
	files := map[string][]byte{}
	names := []string{"go.mod", "LICENSE"}
	for _, folder := range folders {
		entries, err := os.ReadDir(filepath.Join(source, folder))
		if err != nil {
			return nil, err
		}
		for _, entry := range entries {
			if !entry.IsDir() && !strings.HasSuffix(entry.Name(), "_test.go") {
				names = append(names, folder+"/"+entry.Name())
			}
		}
	}
	for _, name := range names {
		content, err := os.ReadFile(filepath.Join(source, name))
		if err != nil {
			return nil, err
		}
		files[name] = content
	}
	return files, nil
}

// apply makes the edits. Its error names each that does not fit.
func apply(files map[string][]byte) error {
	var problems []error
	for _, edit := range edits {
		if !bytes.Contains(files[edit.file], []byte(edit.old)) {
			problems = append(problems, fmt.Errorf("%s has no %q", edit.file, edit.old))
		}
		files[edit.file] = bytes.ReplaceAll(files[edit.file], []byte(edit.old), []byte(edit.new))
	}
	one, err := oneElement(string(files[generated]))
	if err != nil {
		problems = append(problems, fmt.Errorf("%s: %w", generated, err))
	}
	files[generated] = []byte(one)
	for name, functions := range kept {
		content, err := keep(files[name], functions)
		if err != nil {
			problems = append(problems, fmt.Errorf("%s: %w", name, err))
		}
		files[name] = content
	}
	for _, name := range dropped {
		if files[name] == nil {
			problems = append(problems, fmt.Errorf("there is no %s", name))
		}
		files[name] = []byte("package app\n")
	}
	files["pkg/app/left_out.go"] = []byte(added)
	return errors.Join(problems...)
}

// keep returns a file with only the named functions in it.
func keep(content []byte, functions []string) ([]byte, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, "", content, 0)
	if err != nil {
		return nil, err
	}
	var left bytes.Buffer
	left.WriteString("package app\n\nimport \"strings\"\n")
	found := 0
	for _, declaration := range parsed.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok || function.Recv != nil || !slices.Contains(functions, function.Name.Name) {
			continue
		}
		found++
		left.WriteByte('\n')
		left.Write(content[set.Position(function.Pos()).Offset:set.Position(function.End()).Offset])
		left.WriteByte('\n')
	}
	if found != len(functions) {
		return nil, fmt.Errorf("%d of %d functions are there", found, len(functions))
	}
	return left.Bytes(), nil
}
