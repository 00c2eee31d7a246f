package arch

import (
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const root = "../.."

func TestPackagesImportOnlyWhatTheyMay(t *testing.T) {
	eachFile(t, func(name string, file *ast.File) {
		for _, imported := range importsOf(file) {
			if !mayImport(name, imported) {
				t.Errorf("%s may not import %s", name, imported)
			}
		}
	})
}

func TestOnlyProgramsTouchTheWorld(t *testing.T) {
	eachFile(t, func(name string, file *ast.File) {
		packages := map[string]string{}
		for _, imported := range importsOf(file) {
			packages[imported[strings.LastIndexByte(imported, '/')+1:]] = imported
		}
		ast.Inspect(file, func(node ast.Node) bool {
			selector, ok := node.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			if pkg, ok := selector.X.(*ast.Ident); ok && pkg.Obj == nil && !mayTouch(name, packages[pkg.Name], selector.Sel.Name) {
				t.Errorf("%s may not call %s.%s", name, pkg.Name, selector.Sel.Name)
			}
			return true
		})
	})
}

// The client of net/http adds more than a megabyte to the bundle, so what is built for js does not import it.
func TestTheBundleImportsNoHTTPClient(t *testing.T) {
	eachFile(t, func(name string, file *ast.File) {
		if !strings.HasPrefix(name, "app/") || strings.HasSuffix(name, "_test.go") || !builtForJS(file) {
			return
		}
		for _, imported := range importsOf(file) {
			if imported == "net/http" || imported == "crypto/tls" {
				t.Errorf("%s is linked into the bundle and imports %s", name, imported)
			}
		}
	})
}

// The rules can fail: each row breaks one.
func TestRulesRefuse(t *testing.T) {
	for _, row := range []struct{ file, imported string }{
		{"bff/login.go", "cloakroom/authserver/oauth"},
		{"authserver/token.go", "cloakroom/bff/api"},
		{"app/page/home.go", "cloakroom/bff"},
		{"app/page/home.go", "cloakroom/authserver/oauth"},
		{"bff/api/api.go", "github.com/labstack/echo/v4"},
		{"bff/session/store.go", "github.com/labstack/echo/v4"},
		{"bff/login.go", "cloakroom/app"},
		{"bff/login.go", "cloakroom/scripts/demo"},
		{"bff/login.go", "modernc.org/sqlite"},
		{"authserver/oauth/oauth.go", "github.com/lestrrat-go/jwx/v2/jwt"},
		{"authserver/resource/verify.go", "cloakroom/authserver/store"},
		{"authserver/login.go", "github.com/maxence-charriere/go-app/v10/pkg/app"},
		{"app/page/home.go", "syscall/js"},
		{"bff/proxy.go", "net/http/httptest"},
		{"bff/proxy.go", "math/rand"},
		{"nowhere/file.go", "fmt"},
	} {
		if mayImport(row.file, row.imported) {
			t.Errorf("%s may import %s", row.file, row.imported)
		}
	}
	if mayTouch("bff/login.go", "os", "Getenv") || mayTouch("authserver/authserver.go", "net", "Listen") {
		t.Error("a library may touch the world")
	}
}

func TestRulesAllow(t *testing.T) {
	for _, row := range []struct{ file, imported string }{
		{"bff/login.go", "cloakroom/bff/api"},
		{"bff/routes.go", "github.com/labstack/echo/v4"},
		{"bff/cmd/bff/main.go", "cloakroom/app"},
		{"app/backend/fetch_js.go", "syscall/js"},
		{"authserver/token.go", "cloakroom/authserver/store"},
		{"scripts/demo/main.go", "cloakroom/authserver"},
		{"bff/login_test.go", "net/http/httptest"},
	} {
		if !mayImport(row.file, row.imported) {
			t.Errorf("%s may not import %s", row.file, row.imported)
		}
	}
}

func eachFile(t *testing.T, check func(name string, file *ast.File)) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		hidden := strings.HasPrefix(entry.Name(), ".") && path != root
		if entry.IsDir() && (hidden || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || filepath.Ext(path) != ".go" {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		files++
		check(filepath.ToSlash(name), file)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("only %d files were read", files)
	}
}

func importsOf(file *ast.File) []string {
	var paths []string
	for _, spec := range file.Imports {
		path, _ := strconv.Unquote(spec.Path.Value)
		paths = append(paths, path)
	}
	return paths
}

func builtForJS(file *ast.File) bool {
	for _, group := range file.Comments {
		for _, comment := range group.List {
			expression, err := constraint.Parse(comment.Text)
			if err == nil && !expression.Eval(func(tag string) bool { return tag == "js" || tag == "wasm" }) {
				return false
			}
		}
	}
	return true
}
