//go:build !js

package app

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/net/html"

	"cloakroom/app/shell"
	"cloakroom/bff/api"
)

// bundle is the least that a page can be served with.
func bundle(t *testing.T) fs.FS {
	t.Helper()
	web, manifest := fstest.MapFS{}, shell.Manifest{Files: map[string]shell.File{}}
	for _, name := range []string{
		shell.FileWASM, shell.FileWASMExec, shell.FileLoader, shell.FileStyle,
		shell.FileIcon, shell.FileIconSmall, shell.FileIconLarge,
	} {
		hashed, hash := shell.HashedPath(name, []byte(name))
		web["built/"+hashed] = &fstest.MapFile{Data: []byte(name)}
		manifest.Files[name] = shell.File{Path: hashed, Type: "text/plain", Hash: hash, Size: len(name)}
	}
	encoded, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	web["built/manifest.json"] = &fstest.MapFile{Data: encoded}
	return web
}

func get(t *testing.T, path string) (status int, document string) {
	t.Helper()
	page, err := Page(bundle(t))
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	page.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
	return w.Code, w.Body.String()
}

func TestFrontPageCanBeUsedBeforeTheAppRuns(t *testing.T) {
	status, document := get(t, "/")
	if status != 200 {
		t.Fatalf("status %d", status)
	}
	link := regexp.MustCompile(`<a [^>]*id="sign-in"[^>]*>`).FindString(document)
	if !strings.Contains(link, `href="/bff/login"`) || strings.Contains(link, "data-route") {
		t.Errorf("the sign-in link is %q", link)
	}
	for _, part := range []string{`<main `, `<header `, `<nav `, `<footer `, `href="#main"`, `id="no-wasm"`, `role="status"`, "<h1 "} {
		if !strings.Contains(document, part) {
			t.Errorf("the page lacks %s", part)
		}
	}
}

func TestScreensAreThereBeforeTheAppAndOfferEveryProvider(t *testing.T) {
	page, err := Page(bundle(t), api.Provider{ID: "a", Name: `A "house" & sons`, Login: "/bff/login?provider=a"},
		api.Provider{ID: "b", Name: "B", Login: "/bff/login?provider=b"})
	if err != nil {
		t.Fatal(err)
	}
	for path, parts := range map[string][]string{
		"/":        {`href="/bff/login?provider=a"`, `href="/bff/login?provider=b"`, "A &#34;house&#34; &amp; sons", "<title>Cloakroom"},
		"/session": {`href="/bff/login?provider=a&amp;returnUrl=%2Fsession"`, "<title>Session", `aria-current="page"`},
		"/build":   {"authz.cloudentity.io", "X-BFF-CSRF", "backend.NewBrowser()", "<title>Build"},
	} {
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		for _, part := range parts {
			if w.Code != 200 || !strings.Contains(w.Body.String(), part) {
				t.Errorf("%s: status %d, without %s", path, w.Code, part)
			}
		}
		if found := violations(t, w.Body.String()); len(found) > 0 {
			t.Errorf("%s has %q", path, found)
		}
	}
}

// What the document has beside the screen interrupts only where the app cannot come. The regions of the screens are tested there.
func TestDocumentInterruptsOnlyWithErrors(t *testing.T) {
	interrupts := func(document string) (found []string) {
		for _, tag := range regexp.MustCompile(`<[^>]*(role="?(alert|alertdialog)|aria-live)[^>]*>`).FindAllString(document, -1) {
			if !strings.Contains(tag, `class="alert-place"`) {
				found = append(found, tag)
			}
		}
		return found
	}
	for _, path := range []string{"/", "/session", "/inspector", "/build", "/no/such/page"} {
		_, document := get(t, path)
		for _, tag := range interrupts(document) {
			if !strings.Contains(tag, `id="no-wasm"`) && !strings.Contains(tag, `id="load-failed"`) || !strings.Contains(tag, " hidden") {
				t.Errorf("%s interrupts with %s", path, tag)
			}
		}
	}
	if _, document := get(t, "/"); len(interrupts(document)) != 2 { // the control
		t.Errorf("found: %q", interrupts(document))
	}
}

func TestUnknownAddressIsNotFound(t *testing.T) {
	if status, _ := get(t, "/no/such/page"); status != 404 {
		t.Errorf("status %d", status)
	}
}

func TestRenderingTwiceGivesTheSameBytes(t *testing.T) {
	_, first := get(t, "/")
	if _, second := get(t, "/"); first != second {
		t.Error("two processes would serve different documents under one bundle")
	}
}

func TestMissingBundleIsAnErrorThatSaysWhatToDo(t *testing.T) {
	_, err := Page(fstest.MapFS{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `run "make bundle"`) {
		t.Errorf("the error is %v", err)
	}
}

// violations lists what the content security policy would refuse in a document, and what would leave the origin.
func violations(t *testing.T, document string) (found []string) {
	t.Helper()
	tokens := html.NewTokenizer(strings.NewReader(document))
	inside := ""
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if !errors.Is(tokens.Err(), io.EOF) {
				t.Fatal(tokens.Err())
			}
			return found
		case html.TextToken:
			if inside != "" && strings.TrimSpace(tokens.Token().Data) != "" {
				found = append(found, "inline "+inside)
			}
		case html.EndTagToken:
			inside = ""
		case html.StartTagToken:
			token := tokens.Token()
			if token.Data == "script" || token.Data == "style" {
				inside = token.Data
			}
			for _, attribute := range token.Attr {
				// An address is a path of ours, a place in the document, or nothing: the document's own.
				external := (attribute.Key == "href" || attribute.Key == "src") &&
					!regexp.MustCompile(`^(/[^/]|/$|#|$)`).MatchString(attribute.Val)
				if attribute.Key == "style" || strings.HasPrefix(attribute.Key, "on") || external {
					found = append(found, token.Data+" "+attribute.Key+"="+attribute.Val)
				}
			}
		}
	}
}

func TestDocumentsHaveNothingInlineAndNothingFromElsewhere(t *testing.T) {
	for _, path := range []string{"/", "/no/such/page"} {
		_, document := get(t, path)
		for _, violation := range violations(t, document) {
			t.Errorf("%s has %s", path, violation)
		}
	}
	// The control: the search finds each kind.
	const bad = `<script>x</script><style>y</style><a style="z" onclick="z" href="https://e.example/">a</a><img src="//e.example/i">`
	if found := violations(t, bad); len(found) != 6 {
		t.Errorf("the control found only %q", found)
	}
}
