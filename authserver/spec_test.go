package authserver

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestSpecTableNamesFilesAndTestsThatExist(t *testing.T) {
	table, err := os.ReadFile("SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	err = filepath.WalkDir(".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		tests.Write(text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`([A-Za-z0-9_/]+\\.go|(?:Test|Fuzz)[A-Za-z0-9]+)`").FindAllStringSubmatch(string(table), -1)
	if len(named) < 50 {
		t.Fatalf("the table names %d things", len(named))
	}
	for _, match := range named {
		if strings.HasSuffix(match[1], ".go") {
			if _, err := os.Stat(match[1]); err != nil {
				t.Errorf("no file %s", match[1])
			}
			continue
		}
		if !strings.Contains(tests.String(), "func "+match[1]+"(") {
			t.Errorf("no test %s", match[1])
		}
	}
}
