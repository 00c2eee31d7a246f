package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
)

// serve is a workshop in front of a page server that answers with the given document and policy.
func serve(t *testing.T, w *workshop) *httptest.Server {
	t.Helper()
	page := httptest.NewServer(http.HandlerFunc(func(answer http.ResponseWriter, r *http.Request) {
		answer.Header().Set("Content-Security-Policy", "default-src 'none'")
		if r.URL.Path == "/web/app.wasm" {
			answer.Header().Set("Content-Type", "application/wasm")
		}
		answer.Header().Set("ETag", `"1"`)
		_, _ = io.WriteString(answer, "<!doctype html><html><head><title>a</title></head><body></body></html>")
	}))
	t.Cleanup(page.Close)
	host, _ := url.Parse(page.URL)
	w.page.Store(&host.Host)
	front := httptest.NewServer(w.handler())
	t.Cleanup(front.Close)
	return front
}

func get(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(content)
}

func TestDocumentsGetTheScriptAndKeepTheirPolicy(t *testing.T) {
	front := serve(t, new(workshop))
	response, document := get(t, front.URL+"/session")
	if strings.Count(document, tag+"</head>") != 1 || response.Header.Get("Content-Security-Policy") != "default-src 'none'" {
		t.Errorf("%v %s", response.Header, document)
	}
	if response.Header.Get("ETag") != "" || response.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a browser may keep it: %v", response.Header)
	}
	if response, file := get(t, front.URL+"/web/app.wasm"); strings.Contains(file, tag) || response.Header.Get("ETag") == "" {
		t.Errorf("a file was changed: %s", file)
	}
	if response, file := get(t, front.URL+pathScript); !strings.HasPrefix(response.Header.Get("Content-Type"), "text/javascript") || file != string(script) {
		t.Errorf("the script is answered with %v", response.Header)
	}
}

func TestWithoutAPageTheBrowserWaitsForOne(t *testing.T) {
	w := new(workshop)
	front := httptest.NewServer(w.handler())
	t.Cleanup(front.Close)
	response, document := get(t, front.URL+"/")
	if response.StatusCode != http.StatusServiceUnavailable || !strings.Contains(document, tag) {
		t.Errorf("status %d: %s", response.StatusCode, document)
	}
}

func TestBrowsersAreToldOfTheLastBuildAndOfThoseThatFollow(t *testing.T) {
	w := new(workshop)
	w.hub.say(message{Error: "first"})
	front := serve(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, front.URL+pathEvents, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewScanner(response.Body)
	for _, want := range []message{{Error: "first"}, {Build: 7}} {
		var got message
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
		}
		if err := json.Unmarshal([]byte(strings.TrimPrefix(lines.Text(), "data: ")), &got); err != nil || got != want {
			t.Fatalf("got %+v, %v; want %+v", got, err, want)
		}
		w.hub.say(message{Build: 7})
	}
}

func TestOnlySourcesCauseARebuild(t *testing.T) {
	for name, want := range map[string]bool{
		"app/page/home.go": true, "web/app.css": true, "app/snippet/auth0.yaml": true, "app/newfolder": true,
		"app/page/home_test.go": false, "app/page/.home.go.swp": false, "app/page/home.go~": false, "web/app.wasm": false,
	} {
		if got := matters(fsnotify.Event{Name: name, Op: fsnotify.Write}); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
	if matters(fsnotify.Event{Name: "app/app.go", Op: fsnotify.Chmod}) {
		t.Error("a change of permissions is taken for a save")
	}
}

func TestOverlayReplacesAFileThatExists(t *testing.T) {
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, cache), 0o755); err != nil {
		t.Fatal(err)
	}
	path, err := writeOverlay(root)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var overlay struct{ Replace map[string]string }
	if err := json.Unmarshal(encoded, &overlay); err != nil || len(overlay.Replace) != 1 {
		t.Fatalf("%s: %v", encoded, err)
	}
	for replaced, replacement := range overlay.Replace {
		inTree, _ := filepath.Rel(root, replaced)
		if _, err := os.Stat(filepath.Join("../..", inTree)); err != nil {
			t.Error(err)
		}
		if content, err := os.ReadFile(replacement); err != nil || !strings.Contains(string(content), "func Page(") {
			t.Errorf("%v: %s", err, content)
		}
	}
}

func TestWhatACommandStartedEndsWithIt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	started := filepath.Join(t.TempDir(), "started")
	done := make(chan error, 1)
	go func() { done <- output(ctx, "sh", "-c", "sleep 600 & touch '"+started+"'; wait") }()
	for _, err := os.Stat(started); err != nil; _, err = os.Stat(started) {
		select {
		case err := <-done:
			t.Fatalf("the command ended by itself: %v", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	cancel()
	select {
	case err := <-done:
		if err == nil {
			t.Error("a command that was ended has no error")
		}
	case <-time.After(30 * time.Second):
		t.Error("it is waited for what the command started")
	}
}

// The bundler of this test does not end while half a file is saved, and refuses a whole one.
const testBundle = `#!/bin/sh
saved=$(cat saved)
echo $$ > "$saved.pid.new" && mv "$saved.pid.new" "$saved.pid"
while test "$saved" = half && test -e saved; do sleep 0.01; done
echo "refused: $saved"
exit 1
`

// Editors write a file in several steps, and people save again before a build has ended.
func TestFurtherSaveEndsTheBuildThatGoesOn(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.MkdirAll(filepath.Join(cache, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(name, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(cache, "bin", "bundle"), testBundle)
	w := new(workshop)
	t.Cleanup(w.close)
	told, leave := w.hub.join()
	defer leave()
	<-told // what is known at first: nothing

	write("saved", "half")
	w.saved(t.Context())
	number, err := os.ReadFile("half.pid")
	for ; err != nil; number, err = os.ReadFile("half.pid") {
		time.Sleep(5 * time.Millisecond)
	}
	first, err := strconv.Atoi(strings.TrimSpace(string(number)))
	if err != nil || syscall.Kill(first, 0) != nil { // the control: it goes on
		t.Fatalf("the first build ended by itself: %v", err)
	}
	write("saved", "whole")
	w.saved(t.Context())
	if got := <-told; !strings.Contains(got.Error, "refused: whole") {
		t.Errorf("the browsers are told %+v", got)
	}
	if err := syscall.Kill(first, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("the first build goes on: %v", err)
	}
}
