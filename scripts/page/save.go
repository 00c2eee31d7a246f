package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

// change is what a developer changes again and again: a text in one file below a folder of the sources. What takes its place has a number
// in it, so that no earlier one is in the compiler's cache, and so has the script that says that it is on the screen.
type change struct {
	name        string
	folder, old string
	made, shown string
}

var changes = []change{
	{"P21 a sentence is saved, to the screen", "app/text", "Cloakroom signs you in", "Save %d signs you in", `document.body.textContent.includes("Save %d signs you in")`},
	{"P21 a component is saved, to the screen", "app/component", `Class("pitch")`, `Class("pitch", "saved-%d")`, `document.querySelector(".saved-%d") !== null`},
}

// measureSaves makes the changes in a copy of the tree, and prints how long it takes until they are on the screen.
func measureSaves(ctx context.Context, b *browser, rounds int) error {
	folder, err := os.MkdirTemp("", "page")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	if err := copyTree(ctx, folder); err != nil {
		return err
	}
	program := filepath.Join(folder, "dev")
	if output, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./scripts/dev").CombinedOutput(); err != nil {
		return fmt.Errorf("%s%w", output, err)
	}
	origin, stop, err := start(ctx, folder, program)
	if err != nil {
		return err
	}
	defer stop()
	if err := chromedp.Do(b.ctx, chromedp.Navigate(origin+"/")); err != nil {
		return err
	}
	for _, change := range changes {
		saves, err := change.measure(b, folder, rounds)
		if err != nil {
			return fmt.Errorf("%s: %w", change.name, err)
		}
		row(change.name, saves, 1500, 700)
	}
	return nil
}

func (c change) measure(b *browser, root string, rounds int) (saves []time.Duration, err error) {
	source, original, err := c.find(root)
	if err != nil {
		return nil, err
	}
	for round := range rounds + 1 {
		number := time.Now().UnixNano()
		changed := bytes.ReplaceAll(original, []byte(c.old), fmt.Appendf(nil, c.made, number))
		began := time.Now()
		if err := os.WriteFile(source, changed, 0o600); err != nil {
			return nil, err
		}
		shown := `document.documentElement.dataset.app === "running" && ` + fmt.Sprintf(c.shown, number)
		if _, err := waitFor(b.ctx, shown, func(is bool) bool { return is }); err != nil {
			return nil, err
		}
		if round > 0 { // the first one warms the compiler's cache
			saves = append(saves, time.Since(began))
		}
		time.Sleep(6 * time.Second) // what goes on after a rebuild ends
	}
	return saves, nil
}

// find returns the file in which the text is.
func (c change) find(root string) (source string, content []byte, err error) {
	err = filepath.WalkDir(filepath.Join(root, c.folder), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if content, err = os.ReadFile(path); err == nil && bytes.Contains(content, []byte(c.old)) {
			source = path
			return fs.SkipAll
		}
		return err
	})
	if err == nil && source == "" {
		err = fmt.Errorf("nothing in %s says %s", c.folder, c.old)
	}
	return source, content, err
}

// copyTree copies the files that git knows, so that what is changed is nobody's work.
func copyTree(ctx context.Context, to string) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z").Output()
	if err != nil {
		return fmt.Errorf("list the tree: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
