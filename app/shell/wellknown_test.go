//go:build !js

package shell

import (
	"strings"
	"testing"
)

func TestRobotsAreAnsweredHere(t *testing.T) {
	response := request(handler(t), "GET", "/robots.txt", nil)
	if response.StatusCode != 200 || !strings.Contains(body(t, response), "Disallow: /bff/") {
		t.Errorf("status %d", response.StatusCode)
	}
}

func TestFaviconIsAnsweredForPagesWithoutADocument(t *testing.T) {
	response := request(handler(t), "GET", "/favicon.ico", nil)
	if body(t, response) != string(contents[FileIconSmall]) || response.Header.Get("Cache-Control") != "no-cache" {
		t.Errorf("status %d, Cache-Control %q", response.StatusCode, response.Header.Get("Cache-Control"))
	}
}

func TestWebManifestNamesOurOwnIcons(t *testing.T) {
	response := request(handler(t), "GET", "/manifest.webmanifest", nil)
	described := body(t, response)
	if !strings.Contains(described, pathOf(FileIconLarge)) || strings.Contains(described, "http") {
		t.Errorf("it says %s", described)
	}
}
