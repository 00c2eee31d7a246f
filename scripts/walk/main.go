// Command walk lists the ten steps of the authorization code flow with the code that takes them. A function that takes a
// step says so in its doc comment: "Step 6a: …", where a is the caller's side of an exchange and b the server's.
//
// With -write FILE it also replaces the table between the markers of that file; the test fails when README.md's is stale.
package main

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	write := flag.String("write", "", "a `file` whose table of the steps is replaced")
	flag.Parse()
	if err := run(*write); err != nil {
		fmt.Fprintln(os.Stderr, "walk:", err)
		os.Exit(1)
	}
}

func run(write string) error {
	steps, err := find(".")
	if err != nil {
		return err
	}
	for _, s := range steps {
		fmt.Printf("%2d%-1s  %-28s %-24s %s\n", s.number, s.side, fmt.Sprintf("%s:%d", s.file, s.line), s.name, s.text)
	}
	if err := check(steps); err != nil {
		return err
	}
	if write == "" {
		return nil
	}
	page, err := os.ReadFile(write)
	if err != nil {
		return err
	}
	page, err = insert(page, table(steps))
	if err != nil {
		return fmt.Errorf("%s: %w", write, err)
	}
	return os.WriteFile(write, page, 0o644)
}

// step is one marked function.
type step struct {
	number int
	side   string // "a" is the caller's side, "b" the server's, "" when the step has one side
	file   string
	line   int
	name   string
	text   string
}

var marker = regexp.MustCompile(`(?m)^Step (\d+)([a-z]?): (.+(?:\n.+)*)`)

// find reads the doc comments of all functions below root and returns the steps in order.
func find(root string) ([]step, error) {
	var steps []step
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "scripts" || entry.Name() == "node_modules") {
			return filepath.SkipDir
		}
		if entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		found, err := read(path, filepath.ToSlash(name))
		steps = append(steps, found...)
		return err
	})
	slices.SortStableFunc(steps, func(a, b step) int {
		return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.side, b.side), cmp.Compare(a.file, b.file))
	})
	return steps, err
}

func read(path, name string) ([]step, error) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	var steps []step
	for _, declaration := range file.Decls {
		function, ok := declaration.(*ast.FuncDecl)
		if !ok {
			continue
		}
		for _, match := range marker.FindAllStringSubmatch(function.Doc.Text(), -1) {
			number, _ := strconv.Atoi(match[1])
			steps = append(steps, step{
				number: number, side: match[2], file: name, line: files.Position(function.Pos()).Line,
				name: function.Name.Name, text: strings.ReplaceAll(match[3], "\n", " "),
			})
		}
	}
	return steps, nil
}

// check reports the steps that are missing and those that claim a number that the flow does not have.
func check(steps []step) error {
	taken := map[int]bool{}
	for _, s := range steps {
		if s.number < 1 || s.number > 10 {
			return fmt.Errorf("%s:%d: there is no step %d", s.file, s.line, s.number)
		}
		taken[s.number] = true
	}
	for number := 1; number <= 10; number++ {
		if !taken[number] {
			return fmt.Errorf("no function takes step %d", number)
		}
	}
	return nil
}

const (
	begin = "<!-- steps: written by make walk -->\n"
	end   = "<!-- /steps -->"
)

// table is the steps as Markdown. It has no line numbers, so that it changes only when a step moves.
func table(steps []step) []byte {
	var out bytes.Buffer
	out.WriteString("| step | what happens | where |\n|---|---|---|\n")
	for _, s := range steps {
		fmt.Fprintf(&out, "| %d%s | %s | [`%s`](%s) `%s` |\n", s.number, s.side, s.text, s.file, s.file, s.name)
	}
	return out.Bytes()
}

// insert replaces what stands between the markers of page.
func insert(page, table []byte) ([]byte, error) {
	head, rest, ok := bytes.Cut(page, []byte(begin))
	if !ok {
		return nil, fmt.Errorf("no line %q", strings.TrimSpace(begin))
	}
	_, tail, ok := bytes.Cut(rest, []byte(end))
	if !ok {
		return nil, fmt.Errorf("no line %q", end)
	}
	return slices.Concat(head, []byte(begin), table, []byte(end), tail), nil
}
