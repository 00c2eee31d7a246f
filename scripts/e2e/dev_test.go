//go:build e2e

package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
)

// The sentence of the page that is changed, and where it stands.
const (
	savedFile = "app/text/english/home.go"
	savedText = "Cloakroom signs you in"
)

// develop runs what make dev runs, in a copy of the tree, so that what is saved is nobody's work.
func develop(t *testing.T) (p *product, folder string) {
	t.Helper()
	folder = t.TempDir()
	list, err := exec.CommandContext(t.Context(), "git", "-C", "../..", "ls-files", "-z").Output()
	if err != nil {
		t.Fatal(err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			continue // it was deleted, and that is not committed
		}
		target := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(target, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(t.TempDir(), "dev")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, "./scripts/dev")
	build.Dir = folder
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s%v", output, err)
	}
	return startIn(t, folder, program), folder
}

// A save is on the screen; one that the compiler refuses has the compiler's words there, until the next that it accepts. The page
// keeps its policy all the time: the browser of these tests fails for anything on the console.
func TestSaveIsShownAndSoIsTheErrorOfTheBuild(t *testing.T) {
	p, folder := develop(t)
	b := open(t)
	source := filepath.Join(folder, savedFile)
	original, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	save := func(content []byte) {
		t.Helper()
		if err := os.WriteFile(source, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	shown := func(text string) {
		t.Helper()
		b.waitFor(startup, "the page says "+text, fmt.Sprintf(`document.documentElement.dataset.app === "running" && document.body.textContent.includes(%q)`, text))
	}
	b.visit(p.origin + "/")
	shown(savedText)
	save(bytes.ReplaceAll(original, []byte(savedText), []byte("A save signs you in")))
	shown("A save signs you in")

	save(append(bytes.Clone(original), "\nvar broken int = \"no number\"\n"...))
	b.waitFor(startup, "the compiler's words are there", fmt.Sprintf(`(document.getElementById("dev-error")?.textContent || "").includes(%q)`, filepath.FromSlash(savedFile)))
	said := evaluate[string](b, `document.getElementById("dev-error").textContent`)
	if !strings.Contains(said, "no number") || !strings.Contains(said, fmt.Sprintf(":%d:", bytes.Count(original, []byte("\n"))+2)) {
		t.Errorf("it says %q", said)
	}
	if role := evaluate[string](b, `document.getElementById("dev-error").getAttribute("role")`); role != "alert" {
		t.Errorf("its role is %q", role)
	}
	b.shots("build-error")
	b.do("reload", chromedp.Reload())
	b.see("dev-error", "no number") // whoever comes later sees it too

	save(bytes.ReplaceAll(original, []byte(savedText), []byte("A mended save signs you in")))
	shown("A mended save signs you in")
	b.gone("dev-error")
}
