package main

import (
	_ "embed"
	"encoding/json"
	"os"
	"path/filepath"
)

// pageSource takes the place of app/page.go in the product that developers run.
//
//go:embed page.go.txt
var pageSource []byte

// writeOverlay writes the replacement and the file that tells the compiler of it.
func writeOverlay(root string) (path string, err error) {
	folder := filepath.Join(root, cache)
	replacement := filepath.Join(folder, "page.go")
	if err := os.WriteFile(replacement, pageSource, 0o644); err != nil {
		return "", err
	}
	encoded, err := json.Marshal(map[string]any{
		"Replace": map[string]string{filepath.Join(root, "app", "page.go"): replacement},
	})
	if err != nil {
		return "", err
	}
	path = filepath.Join(folder, "overlay.json")
	return path, os.WriteFile(path, encoded, 0o644)
}
