package text

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// shown are the calls that put a text before the user, and which attributes do.
var (
	shown      = []string{"Text", "Alt", "Title", "Placeholder", "Label", "caption", "pressed", "quietButton", "question", "column", "factRow"}
	spoken     = []string{"label", "description", "roledescription", "valuetext", "placeholder"}
	sentence   = regexp.MustCompile(`[A-Za-z]+ [a-z]+ [a-z]+`)
	wordOfText = regexp.MustCompile(`[A-Za-z]{3,}`)
)

// english finds what is written for people in a source file: each literal of a call that shows its text, and each sentence anywhere.
func english(t *testing.T, name, source string) (found []string) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, name, source, 0)
	if err != nil {
		t.Fatal(err)
	}
	literal := func(node ast.Expr) string {
		basic, ok := node.(*ast.BasicLit)
		if !ok || basic.Kind != token.STRING {
			return ""
		}
		text, _ := strconv.Unquote(basic.Value)
		return text
	}
	note := func(node ast.Node, text string) {
		found = append(found, fmt.Sprintf("%s: %q", files.Position(node.Pos()), text))
	}
	ast.Inspect(file, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec, *ast.Field: // paths and tags
			return false
		case *ast.CallExpr:
			called, attribute := "", ""
			switch function := node.Fun.(type) {
			case *ast.SelectorExpr:
				called = function.Sel.Name
			case *ast.Ident:
				called = function.Name
			}
			arguments := node.Args
			if called == "Errorf" || called == "New" || called == "panic" || called == "Class" || called == "path" {
				return false // errors are for developers; the others are no words
			}
			if (called == "Aria" || called == "Attr") && len(arguments) == 2 {
				attribute, arguments = literal(arguments[0]), arguments[1:]
			}
			if called == "quietButton" || called == "pressed" || called == "caption" { // the id, or the class
				arguments = arguments[1:]
			}
			for _, argument := range arguments {
				for _, part := range parts(argument) {
					if text := literal(part); (slices.Contains(shown, called) || slices.Contains(spoken, attribute)) && wordOfText.MatchString(text) {
						note(part, text)
					}
				}
			}
		case *ast.BasicLit:
			if text := literal(node); sentence.MatchString(text) {
				note(node, text)
			}
		}
		return true
	})
	return found
}

// parts are the operands of a text that is put together.
func parts(e ast.Expr) []ast.Expr {
	if sum, ok := e.(*ast.BinaryExpr); ok && sum.Op == token.ADD {
		return append(parts(sum.X), parts(sum.Y)...)
	}
	return []ast.Expr{e}
}

// A translator finds every word of the page in this package: the screens, their parts and the document have none of their own.
func TestEveryWordOfThePageIsHere(t *testing.T) {
	count := 0
	for _, folder := range []string{"component", "page", "state", "trace", "."} {
		names, err := filepath.Glob(filepath.Join("..", folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			count++
			for _, one := range english(t, name, string(source)) {
				t.Error(one)
			}
		}
	}
	if count < 50 {
		t.Errorf("only %d files were read", count)
	}
	document, err := os.ReadFile("../shell/document.html")
	if err != nil {
		t.Fatal(err)
	}
	if found := wordsOf(string(document)); len(found) > 0 {
		t.Errorf("the document says %q", found)
	}

	// The control: such words are found.
	for _, source := range []string{
		`Text("Sign in")`, `Text(text.A + " left")`, `X().Aria("label", "Close")`, `quietButton(id, "Close", false, nil)`, `f("this is a sentence")`,
	} {
		if len(english(t, "x.go", "package x\nvar _ = "+source)) == 0 {
			t.Errorf("%s is not found", source)
		}
	}
	for _, source := range []string{`Text(text.SignIn)`, `Class("card card-wide other")`, `X().Aria("labelledby", "heading")`, `quietButton("an-id", text.A, false, nil)`} {
		if found := english(t, "x.go", "package x\nvar _ = "+source); len(found) > 0 {
			t.Errorf("%s is found: %s", source, found)
		}
	}
	if len(wordsOf(`<p title="{{.X}}">{{.Y}} <b>now</b></p><img alt="A coat">`)) != 2 {
		t.Error("words of a document are not found")
	}
}

var (
	tags       = regexp.MustCompile(`(?s)<!doctype[^>]*>|<[^>]*>|\{\{[^}]*\}\}`)
	attributes = regexp.MustCompile(`\b(?:alt|title|aria-label|placeholder)="([^"{]*)`)
)

// wordsOf are those that a template has itself: between its tags, and in the attributes that are read out.
func wordsOf(document string) (found []string) {
	found = wordOfText.FindAllString(tags.ReplaceAllString(document, " "), -1)
	for _, one := range attributes.FindAllStringSubmatch(document, -1) {
		if wordOfText.MatchString(one[1]) {
			found = append(found, one[1])
		}
	}
	return found
}
