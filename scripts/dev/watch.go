package main

import (
	"context"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// watched are the folders that the page is made of.
var watched = []string{"app", "web", filepath.Join("bff", "api")}

// settle is how long nothing has to be saved before the page is rebuilt: editors write a file in several steps. A step that comes later
// than that is another save, and ends what was begun with the first.
const settle = 5 * time.Millisecond

// watch tells of saves, several at once as one.
func watch(ctx context.Context, root string) (<-chan struct{}, error) {
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	for _, folder := range watched {
		if err := addFolders(watcher, filepath.Join(root, folder)); err != nil {
			return nil, err
		}
	}
	changed := make(chan struct{}, 1)
	go func() {
		defer watcher.Close()
		pending := time.NewTimer(time.Hour)
		for {
			select {
			case event := <-watcher.Events:
				if !matters(event) {
					continue
				}
				_ = addFolders(watcher, event.Name) // a new folder; a file is none
				pending.Reset(settle)
			case <-pending.C:
				select {
				case changed <- struct{}{}:
				default:
				}
			case <-watcher.Errors: // a lost event: the next save brings the page up to date
			case <-ctx.Done():
				return
			}
		}
	}()
	return changed, nil
}

func addFolders(watcher *fsnotify.Watcher, root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		if entry.Name() == "built" {
			return filepath.SkipDir
		}
		return watcher.Add(path)
	})
}

// matters leaves out what is no source: tests, hidden files, editors' own files, and what is built.
func matters(event fsnotify.Event) bool {
	name := filepath.Base(event.Name)
	if event.Op == fsnotify.Chmod || strings.HasPrefix(name, ".") || strings.HasSuffix(name, "_test.go") {
		return false
	}
	sources := []string{".go", ".css", ".js", ".svg", ".png", ".html", ".yaml", ".txt", ""}
	return slices.Contains(sources, filepath.Ext(name))
}
