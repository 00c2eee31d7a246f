package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"cloakroom/app/shell"
)

var content = bytes.Repeat([]byte("the same again, "), 200)

func pack(t *testing.T, p packer, name string, content []byte) (shell.File, bool) {
	t.Helper()
	file, fresh, err := p.pack(name, content)
	if err != nil {
		t.Fatal(err)
	}
	return file, fresh
}

func TestPackedFileIsThereInEveryEncoding(t *testing.T) {
	built := t.TempDir()
	file, fresh := pack(t, packer{built: built, quality: 5}, "app.css", content)
	if !fresh || file.Type != "text/css; charset=utf-8" || file.Size != len(content) {
		t.Errorf("packed %+v", file)
	}
	for suffix, size := range map[string]int{"": file.Size, ".br": file.Brotli, ".gz": file.Gzip} {
		info, err := os.Stat(filepath.Join(built, file.Path+suffix))
		if err != nil || size == 0 || info.Size() != int64(size) {
			t.Errorf("%q: %v, want %d bytes", suffix, err, size)
		}
	}
}

func TestUnchangedFileIsKept(t *testing.T) {
	built := t.TempDir()
	file, _ := pack(t, packer{built: built, quality: 5}, "app.css", content)
	previous := shell.Manifest{Files: map[string]shell.File{"app.css": file}}
	for name, row := range map[string]struct {
		quality int
		content []byte
		damage  func()
		fresh   bool
	}{
		"same":            {5, content, func() {}, false},
		"worse asked for": {1, content, func() {}, false},
		"better asked":    {9, content, func() {}, true},
		"other content":   {5, append([]byte("new "), content...), func() {}, true},
		"file gone":       {5, content, func() { _ = os.Remove(filepath.Join(built, file.Path+".br")) }, true},
		"file cut":        {5, content, func() { _ = os.Truncate(filepath.Join(built, file.Path+".gz"), 3) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			pack(t, packer{built: built, quality: 5}, "app.css", content)
			row.damage()
			if _, fresh := pack(t, packer{built: built, quality: row.quality, previous: previous}, "app.css", row.content); fresh != row.fresh {
				t.Errorf("fresh is %t", fresh)
			}
		})
	}
}

func TestEncodingThatDoesNotPayIsLeftOut(t *testing.T) {
	built := t.TempDir()
	file, _ := pack(t, packer{built: built, quality: 5}, "icon.png", []byte("x"))
	if file.Brotli != 0 || file.Gzip != 0 {
		t.Errorf("packed %+v", file)
	}
	if _, err := os.Stat(filepath.Join(built, file.Path+".br")); err == nil {
		t.Error("a larger form was written")
	}
}

func TestSweepRemovesWhatTheManifestDoesNotName(t *testing.T) {
	built := t.TempDir()
	p := packer{built: built, quality: 5}
	old, _ := pack(t, p, "app.css", []byte("old"))
	file, _ := pack(t, p, "app.css", content)
	manifest := shell.Manifest{Files: map[string]shell.File{"app.css": file}}
	if err := writeManifest(built, manifest); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(built, ".gitkeep"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := sweep(built, manifest); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(built, old.Path)); err == nil {
		t.Error("the old file is still there")
	}
	for _, name := range []string{file.Path, file.Path + ".br", file.Path + ".gz", shell.ManifestName, ".gitkeep"} {
		if _, err := os.Stat(filepath.Join(built, name)); err != nil {
			t.Error(err)
		}
	}
	if got := previousManifest(built); got.Files["app.css"] != file {
		t.Errorf("the manifest reads back as %+v", got)
	}
}
