package ui

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"cloakroom/authserver/ui/text"
)

var (
	comments = regexp.MustCompile(`(?s)\{\{-?/\*.*?\*/-?\}\}|<!--.*?-->`)
	actions  = regexp.MustCompile(`(?s)\{\{.*?\}\}`)
	spoken   = regexp.MustCompile(`(?:aria-label|aria-description|alt|title|placeholder|label)="([^"]*)"`)
	tags     = regexp.MustCompile(`(?s)<[^>]*>`)
	saying   = regexp.MustCompile(`(?:text|rich) "([^"]+)"`)
)

// ownWords are the words that a template has outside of its tags and actions, and in the attributes that are read out.
func ownWords(source string) string {
	source = actions.ReplaceAllString(comments.ReplaceAllString(source, ""), "")
	found := ""
	for _, attribute := range spoken.FindAllStringSubmatch(source, -1) {
		found += attribute[1]
	}
	found += tags.ReplaceAllString(source, "")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, found))
}

func TestTemplatesHaveNoWordsOfTheirOwn(t *testing.T) {
	for name, source := range templateSources(t) {
		if words := ownWords(source); words != "" {
			t.Errorf("%s says %q: its place is authserver/ui/text", name, words)
		}
	}
	for _, control := range []string{`<p>Hello</p>`, `<a href="x" aria-label="Close">{{text "a.b"}}</a>`, `{{if .X}}yes{{end}}`} {
		if ownWords(control) == "" {
			t.Errorf("the words of %s are not found", control)
		}
	}
}

func templateSources(t *testing.T) map[string]string {
	t.Helper()
	sources := map[string]string{}
	files, err := fs.Glob(pageFiles, "page/*.html")
	parts, partsErr := fs.Glob(pageFiles, "page/part/*.html")
	if err != nil || partsErr != nil || len(files) == 0 || len(parts) == 0 {
		t.Fatalf("%d templates: %v, %v", len(files), err, partsErr)
	}
	files = append(files, parts...)
	for _, file := range files {
		data, err := pageFiles.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		sources[file] = string(data)
	}
	return sources
}

func TestEveryTextThatIsNamedIsThere(t *testing.T) {
	all, err := text.Load()
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]string{}
	for name, source := range templateSources(t) {
		for _, key := range saying.FindAllStringSubmatch(source, -1) {
			named[key[1]] = name
		}
	}
	for name, file := range goSources(t) {
		ast.Inspect(file, func(node ast.Node) bool {
			if key := keyOf(node); key != "" {
				named[key] = name
			}
			return true
		})
	}
	if len(named) < 30 { // the control: they are found at all
		t.Errorf("only %d texts are named", len(named))
	}
	for key, where := range named {
		if !strings.HasSuffix(key, ".") && !all[0].Has(key) { // one that ends in a dot is completed by the program
			t.Errorf("%s names %q, which is not there", where, key)
		}
	}
}

// goSources are the sources of the packages that name texts.
func goSources(t *testing.T) map[string]*ast.File {
	t.Helper()
	files := map[string]*ast.File{}
	for _, pattern := range []string{"*.go", "../*.go"} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			files[name] = file
		}
	}
	return files
}

// keyOf is the key of a call text.Of("…") or text.Many("…"), the constant part of it where it is put together.
func keyOf(node ast.Node) string {
	call, ok := node.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return ""
	}
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || (function.Sel.Name != "Of" && function.Sel.Name != "Many") {
		return ""
	}
	if from, ok := function.X.(*ast.Ident); !ok || from.Name != "text" {
		return ""
	}
	argument := call.Args[0]
	for {
		sum, ok := argument.(*ast.BinaryExpr)
		if !ok {
			break
		}
		argument = sum.X
	}
	literal, ok := argument.(*ast.BasicLit)
	if !ok {
		return ""
	}
	key, _ := strconv.Unquote(literal.Value)
	return key
}
