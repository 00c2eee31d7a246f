//go:build !js

package shell

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"path"

	"cloakroom/app/backend"
	"cloakroom/app/text"
)

// Where scripts/bundle writes, relative to the web folder.
const (
	BuiltFolder  = "built"
	ManifestName = "manifest.json"
)

// The files of a bundle, by the name they have before their hash.
const (
	FileWASM      = "app.wasm"
	FileWASMExec  = "wasm_exec.js"
	FileLoader    = "loader.js"
	FileStyle     = "app.css"
	FileIcon      = "icon.svg"
	FileIconSmall = "icon-192.png"
	FileIconLarge = "icon-512.png"
)

// required are the files without which there is no page.
var required = []string{FileWASM, FileWASMExec, FileLoader, FileStyle, FileIcon, FileIconSmall, FileIconLarge}

// Manifest lists the files of a bundle by name.
type Manifest struct {
	Files map[string]File `json:"files"`
}

// File is one file of a bundle. Its path has the hash of its content in it, so that what is served under one path never
// changes.
type File struct {
	Path string `json:"path"`
	Type string `json:"type"`   // media type
	Hash string `json:"sha256"` // of the file before compression, hexadecimal
	Size int    `json:"size"`   // bytes before compression
	// Brotli and Gzip are the compressed sizes, in bytes; 0 when that encoding is not worth having. The bytes are in files
	// of the same path with ".br" or ".gz" behind it.
	Brotli int `json:"br,omitzero"`
	Gzip   int `json:"gzip,omitzero"`
	// BrotliQuality is how hard brotli tried, 0 to 11.
	BrotliQuality int `json:"br_quality"`
}

// HashedPath puts the beginning of a content's hash into a file name: app.css becomes app.0123456789abcdef.css.
func HashedPath(name string, content []byte) (hashed, hash string) {
	sum := sha256.Sum256(content)
	hash = hex.EncodeToString(sum[:])
	extension := path.Ext(name)
	return name[:len(name)-len(extension)] + "." + hash[:16] + extension, hash
}

func readManifest(web fs.FS) (Manifest, error) {
	var manifest Manifest
	raw, err := fs.ReadFile(web, path.Join(BuiltFolder, ManifestName))
	if errors.Is(err, fs.ErrNotExist) {
		return manifest, fmt.Errorf("the page's bundle is not built: %w; run \"make bundle\"", err)
	}
	if err != nil {
		return manifest, fmt.Errorf("read the page's bundle: %w", err)
	}
	if err := json.Unmarshal(raw, &manifest); err != nil {
		return manifest, fmt.Errorf("read the manifest of the page's bundle: %w; run \"make bundle\"", err)
	}
	for _, name := range required {
		if _, ok := manifest.Files[name]; !ok {
			return manifest, fmt.Errorf("the page's bundle has no %s; run \"make bundle\"", name)
		}
	}
	return manifest, nil
}

// load reads a file in all its encodings, and makes sure that it is the one which the manifest describes.
func (f File) load(web fs.FS) (*resource, error) {
	plain, err := fs.ReadFile(web, path.Join(BuiltFolder, f.Path))
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(plain)
	if hex.EncodeToString(sum[:]) != f.Hash {
		return nil, errors.New("its content does not match the manifest")
	}
	loaded := &resource{contentType: f.Type, cacheControl: immutable, status: http.StatusOK}
	loaded.add("", plain, f.Hash)
	for encoding, size := range map[string]int{"br": f.Brotli, "gzip": f.Gzip} {
		if size == 0 {
			continue
		}
		compressed, err := fs.ReadFile(web, path.Join(BuiltFolder, f.Path+Suffix[encoding]))
		if err != nil {
			return nil, err
		}
		if len(compressed) != size {
			return nil, fmt.Errorf("its %s form does not match the manifest", encoding)
		}
		loaded.add(encoding, compressed, f.Hash)
	}
	return loaded, nil
}

// Suffix is what the file of an encoding has behind its name.
var Suffix = map[string]string{"br": ".br", "gzip": ".gz"}

// downloads are the files that a visit loads, for the page that tells their sizes; icons are the browser's business.
var downloads = []string{FileWASM, FileWASMExec, FileLoader, FileStyle}

func (m Manifest) sizes() []backend.File {
	files := make([]backend.File, len(downloads))
	for i, name := range downloads {
		file := m.Files[name]
		files[i] = backend.File{Name: name, Size: file.Size, Brotli: file.Brotli, Gzip: file.Gzip}
	}
	return files
}

// plain reports whether nothing of the bundle is compressed.
func (m Manifest) plain() bool { return m.Files[FileWASM].Gzip == 0 }

func (m Manifest) url(name string) string { return WebPrefix + m.Files[name].Path }

// webManifest tells a phone how to show the page when it is kept on the home screen.
func webManifest(manifest Manifest) []byte {
	type icon struct {
		Source string `json:"src"`
		Type   string `json:"type"`
		Sizes  string `json:"sizes"`
	}
	described, err := json.Marshal(struct {
		Name            string `json:"name"`
		Description     string `json:"description"`
		StartURL        string `json:"start_url"`
		Display         string `json:"display"`
		BackgroundColor string `json:"background_color"`
		ThemeColor      string `json:"theme_color"`
		Icons           []icon `json:"icons"`
	}{
		text.Say.Product, text.Say.Description, "/", "browser", paperLight, paperLight,
		[]icon{
			{manifest.url(FileIcon), "image/svg+xml", "any"},
			{manifest.url(FileIconSmall), "image/png", "192x192"},
			{manifest.url(FileIconLarge), "image/png", "512x512"},
		},
	})
	if err != nil {
		panic(err) // strings only: cannot happen, and only at start-up
	}
	return described
}
