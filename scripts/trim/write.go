package trim

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// writeModfile writes go.mod with the copy in go-app's place, and go.sum beside it.
func writeModfile(root, cache, path string) error {
	for from, to := range map[string]string{"go.mod": path, "go.sum": strings.TrimSuffix(path, ".mod") + ".sum"} {
		content, err := os.ReadFile(filepath.Join(root, from))
		if err != nil {
			return err
		}
		if from == "go.mod" {
			content = append(content, "\nreplace "+module+" => ./"+filepath.ToSlash(cache)+"/"+copied+"\n"...)
		}
		if err := write(to, content); err != nil {
			return err
		}
	}
	return nil
}

// writeAll makes the files all that is in the folder.
func writeAll(folder string, files map[string][]byte) error {
	for name, content := range files {
		if err := write(filepath.Join(folder, name), content); err != nil {
			return err
		}
	}
	return filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if name, _ := filepath.Rel(folder, path); files[filepath.ToSlash(name)] == nil {
			return os.Remove(path) // an earlier go-app had it
		}
		return nil
	})
}

// write writes a file as a whole, if it is not there as it is.
func write(path string, content []byte) error {
	if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, content) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	temporary := fmt.Sprintf("%s.%d", path, os.Getpid())
	if err := os.WriteFile(temporary, content, 0o644); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}
