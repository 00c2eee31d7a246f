//go:build !js

// Package shell serves the page: each route's document, rendered once at start-up, and the files that it loads. It owns
// the documents, their headers and the choice of an encoding. It does not own what the screens show, and it answers
// everyone the same: nothing of a request appears in an answer, and nobody is signed in or out here.
//
// Start with [New]. The files come from the folder that scripts/bundle writes, described by its [Manifest].
package shell

import (
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
)

// WebPrefix is the path that static files are served under.
const WebPrefix = "/web/"

// Screens are what the page can show: by path, and for paths that do not exist. The facts are told to the app, so that it
// begins with what the screens were rendered with.
type Screens struct {
	ByPath   map[string]Screen
	NotFound Screen
	Facts    backend.Facts
}

// Screen is one of them, with the title of its document.
type Screen struct {
	Title string
	UI    goapp.UI
}

// Handler answers every path that the page owns.
type Handler struct {
	documents map[string]*resource
	files     map[string]*resource
	missing   *resource
	noFile    *resource
}

// New reads the bundle from web, the folder that holds "built", and renders the screens, which may show what it weighs.
// Its errors say what to do.
func New(web fs.FS, screens func(files []backend.File) Screens) (*Handler, error) {
	manifest, err := readManifest(web)
	if err != nil {
		return nil, err
	}
	h := &Handler{documents: map[string]*resource{}, files: map[string]*resource{}}
	if err := h.loadFiles(web, manifest); err != nil {
		return nil, err
	}
	if err := h.renderDocuments(manifest, screens(manifest.sizes())); err != nil {
		return nil, err
	}
	h.wellKnown(manifest)
	return h, nil
}

func (h *Handler) loadFiles(web fs.FS, manifest Manifest) error {
	for name, file := range manifest.Files {
		loaded, err := file.load(web)
		if err != nil {
			return fmt.Errorf("load %s of the page's bundle: %w; run \"make bundle\"", name, err)
		}
		h.files[WebPrefix+file.Path] = loaded
	}
	return nil
}

func (h *Handler) renderDocuments(manifest Manifest, screens Screens) error {
	for path, screen := range screens.ByPath {
		html, err := document(manifest, screen, &screens.Facts)
		if err != nil {
			return fmt.Errorf("render %s: %w", path, err)
		}
		h.documents[path] = newResource("text/html; charset=utf-8", html, http.StatusOK, manifest.plain())
	}
	html, err := document(manifest, screens.NotFound, nil)
	if err != nil {
		return fmt.Errorf("render the page for unknown addresses: %w", err)
	}
	h.missing = newResource("text/html; charset=utf-8", html, http.StatusNotFound, manifest.plain())
	h.noFile = newResource("text/plain; charset=utf-8", []byte("no such file\n"), http.StatusNotFound, manifest.plain())
	return nil
}

// wellKnown adds the files that clients ask for by a fixed name.
func (h *Handler) wellKnown(manifest Manifest) {
	h.files["/robots.txt"] = newResource("text/plain; charset=utf-8", []byte(robots), http.StatusOK, manifest.plain())
	favicon := *h.files[manifest.url(FileIconSmall)] // asked for by what has no document, such as an answer in JSON
	favicon.cacheControl = revalidate
	h.files["/favicon.ico"] = &favicon
	h.files["/manifest.webmanifest"] = newResource("application/manifest+json", webManifest(manifest), http.StatusOK, manifest.plain())
}

// robots lets crawlers see the front page, and keeps them away from what only answers scripts.
const robots = "User-agent: *\nDisallow: /bff/\nDisallow: /api/\n"

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	secure(w.Header())
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
		return
	}
	h.find(r.URL.Path).serve(w, r)
}

func (h *Handler) find(path string) *resource {
	if found, ok := h.documents[path]; ok {
		return found
	}
	if found, ok := h.files[path]; ok {
		return found
	}
	if strings.HasPrefix(path, WebPrefix) {
		return h.noFile
	}
	return h.missing
}
