//go:build !js

package shell

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"testing"
)

func TestFilesAreImmutableAndOfTheirType(t *testing.T) {
	h := handler(t)
	for name, content := range contents {
		response := request(h, "GET", pathOf(name), nil)
		if response.StatusCode != 200 || body(t, response) != string(content) {
			t.Errorf("%s: status %d, or another content", name, response.StatusCode)
		}
		if got := response.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: Cache-Control is %q", name, got)
		}
		if got := response.Header.Get("Content-Type"); got != "application/x-"+name {
			t.Errorf("%s: Content-Type is %q", name, got)
		}
		if response.Header.Get("ETag") == "" {
			t.Errorf("%s: no ETag", name)
		}
	}
}

func TestEncodingIsTheOneTheClientPrefers(t *testing.T) {
	h := handler(t)
	for accept, want := range map[string]string{
		"gzip, deflate, br, zstd": "br",
		"br":                      "br",
		"BR":                      "br",
		"gzip":                    "gzip",
		"gzip;q=1.0, br;q=0.5":    "gzip",
		"br;q=0, gzip":            "gzip",
		"br;q=0, gzip;q=0":        "",
		"br;q=2, gzip;q=x":        "",
		"*":                       "br",
		"*;q=0":                   "",
		"*, br;q=0":               "gzip",
		"identity":                "",
		"identity, br;q=0.1":      "",
		"deflate":                 "",
		"":                        "",
	} {
		for _, path := range []string{"/", pathOf(FileWASM), "/nothing"} {
			response := request(h, "GET", path, map[string]string{"Accept-Encoding": accept})
			if got := response.Header.Get("Content-Encoding"); got != want {
				t.Errorf("%q for %s: got %q, want %q", accept, path, got, want)
			}
			if response.Header.Get("Vary") != "Accept-Encoding" {
				t.Errorf("%q for %s: Vary is %q", accept, path, response.Header.Get("Vary"))
			}
			if response.Header.Get("Content-Length") == "" {
				t.Errorf("%q for %s: no Content-Length", accept, path)
			}
			if plain := body(t, response); path == pathOf(FileWASM) && plain != string(contents[FileWASM]) {
				t.Errorf("%q: the content differs", accept)
			}
		}
	}
}

func TestEachEncodingHasItsOwnTag(t *testing.T) {
	h, tags := handler(t), map[string]string{}
	for _, accept := range []string{"", "gzip", "br"} {
		tag := request(h, "GET", pathOf(FileWASM), map[string]string{"Accept-Encoding": accept}).Header.Get("ETag")
		if other, taken := tags[tag]; taken {
			t.Errorf("%q and %q share %s", accept, other, tag)
		}
		tags[tag] = accept
	}
}

func TestRangeIsOfTheChosenEncoding(t *testing.T) {
	response := request(handler(t), "GET", pathOf(FileWASM), map[string]string{"Accept-Encoding": "br", "Range": "bytes=1-4"})
	part, _ := io.ReadAll(response.Body)
	if response.StatusCode != http.StatusPartialContent || !bytes.Equal(part, brotlied(contents[FileWASM])[1:5]) {
		t.Errorf("status %d, body %x", response.StatusCode, part)
	}
	if response.Header.Get("Content-Length") != "4" {
		t.Errorf("Content-Length is %s", response.Header.Get("Content-Length"))
	}
}

func TestHeadHasTheHeadersOfGetAndNoBody(t *testing.T) {
	h := handler(t)
	for _, path := range []string{"/", pathOf(FileStyle), "/nothing"} {
		get, head := request(h, "GET", path, nil), request(h, "HEAD", path, nil)
		if head.StatusCode != get.StatusCode || body(t, head) != "" {
			t.Errorf("%s: status %d, or a body", path, head.StatusCode)
		}
		if head.Header.Get("Content-Length") != get.Header.Get("Content-Length") {
			t.Errorf("%s: lengths are %s and %s", path, head.Header.Get("Content-Length"), get.Header.Get("Content-Length"))
		}
	}
}

func TestDocumentsOfAPlainBundleAreNotCompressed(t *testing.T) {
	web := bundle(t)
	compressed := func() bool {
		h, err := New(web, screens)
		if err != nil {
			t.Fatal(err)
		}
		return len(h.documents["/"].variants) > 1
	}
	if !compressed() {
		t.Error("the control: as built, they are not")
	}
	var manifest Manifest
	if err := json.Unmarshal(web["built/manifest.json"].Data, &manifest); err != nil {
		t.Fatal(err)
	}
	for name, file := range manifest.Files {
		file.Brotli, file.Gzip = 0, 0
		manifest.Files[name] = file
	}
	web["built/manifest.json"].Data, _ = json.Marshal(manifest)
	if compressed() {
		t.Error("they are")
	}
}
