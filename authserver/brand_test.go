package authserver_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"cloakroom/authserver/store"
)

const ourLogo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path fill="#7a5200" d="M0 0h8v8z"/></svg>`

// branded is the test's configuration with a brand for the first workspace.
func branded(brand string) string {
	return strings.Replace(configuration, "        title: The test house\n", "        title: The test house\n        brand: "+brand+"\n", 1)
}

func TestWorkspaceHasItsOwnLookUnderTheStrictPolicy(t *testing.T) {
	h := startAs(t, setup{
		text:  branded(`{logo_file: logo.svg, accent: "#7a5200", accent_dark: "#e0b872"}`),
		files: map[string]string{"logo.svg": ourLogo},
		wrap:  func(st store.Store) store.Store { return st },
	})
	b := h.browser()
	page := b.get(h.account(""))
	if policy := page.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "style-src 'self'; img-src 'self'") || strings.Contains(policy, "unsafe") {
		t.Errorf("policy %q", policy)
	}
	style := regexp.MustCompile(`<link rel="stylesheet" href="(/assets/brand\.[0-9a-f]{16}\.css)">`).FindStringSubmatch(page.body)
	logo := regexp.MustCompile(`<img class="plate-logo" src="(/assets/logo\.[0-9a-f]{16}\.svg)" alt="">`).FindStringSubmatch(page.body)
	if style == nil || logo == nil || strings.Index(page.body, "authserver.") > strings.Index(page.body, "brand.") {
		t.Fatalf("no style of its own after ours, or no logo:\n%s", page.body)
	}
	sheet, picture := b.get(h.server.URL+style[1]), b.get(h.server.URL+logo[1])
	if !strings.Contains(sheet.body, "--accent: #7a5200;") || !strings.Contains(sheet.body, "--accent: #e0b872;") || sheet.Header.Get("Content-Type") != "text/css; charset=utf-8" {
		t.Errorf("%d %s", sheet.StatusCode, sheet.body)
	}
	if picture.body != ourLogo || picture.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("%d %s", picture.StatusCode, picture.body)
	}
	for name, asset := range map[string]answer{"style": sheet, "logo": picture} {
		for header, want := range map[string]string{
			"Content-Security-Policy": "sandbox", "X-Content-Type-Options": "nosniff", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "immutable",
		} {
			if got := asset.Header.Get(header); !strings.Contains(got, want) {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
	}
	second := b.get(strings.Replace(h.account(""), "baseline", "second", 1))
	if strings.Contains(second.body, "brand.") || strings.Contains(second.body, "plate-logo") { // the control
		t.Error("another workspace looks the same")
	}
	if plain := b.get(h.server.URL + "/nowhere"); plain.StatusCode != http.StatusNotFound || strings.Contains(plain.body, "brand.") {
		t.Errorf("a page of no workspace: %d", plain.StatusCode)
	}
}
