//go:build !js

package shell

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/app/text/english"
	"cloakroom/bff/api"
)

func init() { text.Say = &english.Words }

func brotlied(content []byte) []byte {
	var packed bytes.Buffer
	writer := brotli.NewWriter(&packed)
	_, _ = writer.Write(content)
	_ = writer.Close()
	return packed.Bytes()
}

func gzipped(content []byte) []byte {
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	_, _ = writer.Write(content)
	_ = writer.Close()
	return packed.Bytes()
}

var contents = map[string][]byte{
	FileWASM:      bytes.Repeat([]byte("\x00asm the program "), 100),
	FileWASMExec:  bytes.Repeat([]byte("go();"), 100),
	FileLoader:    bytes.Repeat([]byte("load();"), 100),
	FileStyle:     bytes.Repeat([]byte("a{b:c}"), 100),
	FileIcon:      bytes.Repeat([]byte("<svg/>"), 100),
	FileIconSmall: []byte("small"),
	FileIconLarge: []byte("large"),
}

// bundle is a web folder as scripts/bundle leaves it.
func bundle(t *testing.T) fstest.MapFS {
	t.Helper()
	web := fstest.MapFS{}
	manifest := Manifest{Files: map[string]File{}}
	for name, content := range contents {
		hashed, hash := HashedPath(name, content)
		file := File{Path: hashed, Type: "application/x-" + name, Hash: hash, Size: len(content)}
		web["built/"+hashed] = &fstest.MapFile{Data: content}
		if len(content) > 100 {
			file.Brotli, file.Gzip = len(brotlied(content)), len(gzipped(content))
			web["built/"+hashed+".br"] = &fstest.MapFile{Data: brotlied(content)}
			web["built/"+hashed+".gz"] = &fstest.MapFile{Data: gzipped(content)}
		}
		manifest.Files[name] = file
	}
	encoded, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	web["built/manifest.json"] = &fstest.MapFile{Data: encoded}
	return web
}

// screens are one screen, and the page for what does not exist.
func screens(files []backend.File) Screens {
	return Screens{
		ByPath:   map[string]Screen{"/": {Title: "The title", UI: goapp.Div().ID("screen").Text("the screen")}},
		NotFound: Screen{Title: "Nothing", UI: goapp.Div().Text(text.Say.NotFound.Title)},
		Facts:    backend.Facts{Files: files, Providers: []api.Provider{{ID: "demo", Name: `"Demo" & sons`}}},
	}
}

func handler(t *testing.T) *Handler {
	t.Helper()
	h, err := New(bundle(t), screens)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func request(h http.Handler, method, path string, header map[string]string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, response *http.Response) string {
	t.Helper()
	defer response.Body.Close()
	var reader io.Reader = response.Body
	switch response.Header.Get("Content-Encoding") {
	case "br":
		reader = brotli.NewReader(response.Body)
	case "gzip":
		unzipped, err := gzip.NewReader(response.Body)
		if err != nil {
			t.Fatal(err)
		}
		reader = unzipped
	}
	content, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func pathOf(name string) string {
	hashed, _ := HashedPath(name, contents[name])
	return "/web/" + hashed
}

func TestEveryAnswerHasTheStrictHeaders(t *testing.T) {
	want := map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; " +
			"connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; " +
			"frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cross-Origin-Embedder-Policy": "require-corp",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
	}
	h := handler(t)
	for _, path := range []string{"/", "/nothing", "/web/nothing", pathOf(FileWASM), "/robots.txt", "/manifest.webmanifest"} {
		for _, method := range []string{"GET", "POST"} {
			response := request(h, method, path, nil)
			for name, value := range want {
				if got := response.Header.Get(name); got != value {
					t.Errorf("%s %s: %s is %q", method, path, name, got)
				}
			}
			if response.Header.Get("Permissions-Policy") == "" {
				t.Errorf("%s %s: no Permissions-Policy", method, path)
			}
		}
	}
}

func TestDocumentLoadsItsHashedFilesAndIsAskedAboutEachTime(t *testing.T) {
	h := handler(t)
	response := request(h, "GET", "/", nil)
	html := body(t, response)
	for _, name := range []string{FileWASM, FileWASMExec, FileLoader, FileStyle, FileIcon, FileIconSmall} {
		if !strings.Contains(html, `"`+pathOf(name)+`"`) {
			t.Errorf("the document does not name %s", pathOf(name))
		}
	}
	for _, part := range []string{`<html lang="en">`, `<div id="screen">the screen</div>`, `id="no-wasm"`, "<noscript>", `data-size="1700"`, "<title>The title</title>"} {
		if !strings.Contains(html, part) {
			t.Errorf("the document lacks %s", part)
		}
	}
	if got := response.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control is %q", got)
	}
	again := request(h, "GET", "/", map[string]string{"If-None-Match": response.Header.Get("ETag")})
	if again.StatusCode != http.StatusNotModified || body(t, again) != "" {
		t.Errorf("status %d for the same document", again.StatusCode)
	}
}

func TestOtherMethodsAreRefused(t *testing.T) {
	response := request(handler(t), "POST", "/", nil)
	if response.StatusCode != http.StatusMethodNotAllowed || response.Header.Get("Allow") != "GET, HEAD" {
		t.Errorf("status %d, Allow %q", response.StatusCode, response.Header.Get("Allow"))
	}
}

func TestUnknownAddressGetsAPageAndUnknownFileAWord(t *testing.T) {
	h := handler(t)
	page := request(h, "GET", "/nothing", nil)
	if html := body(t, page); page.StatusCode != 404 || !strings.Contains(html, text.Say.NotFound.Title) || strings.Contains(html, "<script") {
		t.Errorf("status %d: %s", page.StatusCode, html)
	}
	file := request(h, "GET", "/web/app.0000000000000000.wasm", nil)
	if file.StatusCode != 404 || !strings.HasPrefix(file.Header.Get("Content-Type"), "text/plain") {
		t.Errorf("status %d, type %s", file.StatusCode, file.Header.Get("Content-Type"))
	}
	for _, response := range []*http.Response{page, file} {
		if response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("an absence is kept: %q", response.Header.Get("Cache-Control"))
		}
	}
}

func TestNothingOfARequestIsReflected(t *testing.T) {
	const canary = "c4n4ry"
	h := handler(t)
	for _, path := range []string{"/?q=" + canary, "/" + canary, "/web/" + canary, "/?bff_error=" + canary} {
		response := request(h, "GET", path, map[string]string{"User-Agent": canary, "Referer": canary, "Accept-Language": canary})
		headers, _ := json.Marshal(response.Header)
		if strings.Contains(body(t, response)+string(headers), canary) {
			t.Errorf("%s is reflected", path)
		}
	}
}

func TestMissingOrDamagedBundleSaysWhatToDo(t *testing.T) {
	hashed, _ := HashedPath(FileWASM, contents[FileWASM])
	for name, damage := range map[string]func(fstest.MapFS){
		"no bundle":       func(web fstest.MapFS) { delete(web, "built/manifest.json") },
		"broken manifest": func(web fstest.MapFS) { web["built/manifest.json"].Data = []byte("{") },
		"no program":      func(web fstest.MapFS) { web["built/manifest.json"].Data = []byte(`{"files":{}}`) },
		"missing file":    func(web fstest.MapFS) { delete(web, "built/"+hashed) },
		"changed file":    func(web fstest.MapFS) { web["built/"+hashed].Data = []byte("other") },
		"missing brotli":  func(web fstest.MapFS) { delete(web, "built/"+hashed+".br") },
		"cut brotli":      func(web fstest.MapFS) { web["built/"+hashed+".br"].Data = []byte("x") },
	} {
		t.Run(name, func(t *testing.T) {
			web := bundle(t)
			damage(web)
			_, err := New(fs.FS(web), screens)
			if err == nil || !strings.Contains(err.Error(), `run "make bundle"`) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	// The control: undamaged, it is accepted.
	if _, err := New(bundle(t), screens); err != nil {
		t.Error(err)
	}
}
