package bff

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"cloakroom/bff/api"
)

var hostileReturnURLs = []string{
	"//e", "///e", `/\e`, `\\e`, `/\/e`, "/%09/e", "/%2f/e", "/%5ce", "/\t/e", "/\n/e", "/\r\nSet-Cookie: a=b", "/%0d%0aX:y", "/\x00", "/%00", " /e", "/e ",
	"http://e", "https:e", "https:/e", "javascript:alert(1)", "data:text/html,x", "e", "./e", "../e", "/../e", "/./e", "/x/..//e", "/%2e%2e//e", "/x//e",
	"/.;/e", "/;@e", "@e", "?x", "#x", "/é", "/\u2028", "/%C0%AF", "/%", "/x?a;b", "/x?\\", "/x#\\", "/x?a=%", "/bff/logout", "/api/notes", "/BFF/x", "/bff", "/x?" + strings.Repeat("a", 1100),
}

func TestReturnURLRefusesEverythingThatIsNotAPathOfThePage(t *testing.T) {
	for _, text := range hostileReturnURLs {
		if got, err := parseReturnURL(text); err == nil {
			t.Errorf("%q accepted as %q", text, got)
		}
	}
	for _, text := range []string{"/", "/notes", "/notes/7", "/a.b/~c", "/x?y=%2F%2Fe&z=//e", "/x#/route?a=b", "/x%20y", "/%C3%A9", "/bffx", "/apis"} {
		if got, err := parseReturnURL(text); err != nil || got != text {
			t.Errorf("control %q: %q, %v", text, got, err)
		}
	}
	if got, err := parseReturnURL(""); err != nil || got != "/" {
		t.Errorf("empty: %q, %v", got, err)
	}
}

func TestLoginRefusesHostileReturnURLs(t *testing.T) {
	h := open(t)
	for _, text := range hostileReturnURLs {
		got := h.browser().navigate("/bff/login?returnUrl=" + url.QueryEscape(text))
		if got.StatusCode != 400 || !strings.Contains(got.body, string(api.InvalidReturnURL)) || len(got.Cookies()) > 0 || got.Header.Get("Location") != "" {
			t.Errorf("%q: status %d, location %q", text, got.StatusCode, got.Header.Get("Location"))
		}
	}
	if got := h.browser().navigate("/bff/login?returnUrl=/a&returnUrl=/b"); got.StatusCode != 400 {
		t.Errorf("two: status %d", got.StatusCode)
	}
	if got := h.browser().navigate("/bff/login?returnUrl=/a"); got.StatusCode != http.StatusSeeOther {
		t.Errorf("control: status %d", got.StatusCode)
	}
}

// browserOrigin reads a Location as the WHATWG URL standard does: it strips what browsers strip, and takes a backslash for
// a slash. It shares nothing with the function under test.
func browserOrigin(location string) string {
	location = strings.TrimFunc(location, func(c rune) bool { return c <= ' ' })
	location = strings.NewReplacer("\t", "", "\n", "", "\r", "", `\`, "/").Replace(location)
	if strings.HasPrefix(location, "//") {
		return "another host"
	}
	if !strings.HasPrefix(location, "/") {
		return "another scheme, or relative"
	}
	resolved, err := (&url.URL{Scheme: "https", Host: "app.example", Path: "/bff/callback/x"}).Parse(location)
	if err != nil {
		return "unreadable"
	}
	// Where a second resolution leads: the path alone must not be a network-path reference either.
	if strings.HasPrefix(resolved.Path, "//") || strings.HasPrefix(resolved.Path, `/\`) {
		return "a path that is another host"
	}
	return resolved.Scheme + "://" + resolved.Host
}

func FuzzReturnURLStaysOnTheOrigin(f *testing.F) {
	for _, text := range hostileReturnURLs {
		f.Add(text)
	}
	f.Add("/notes?x=1#y")
	f.Fuzz(func(t *testing.T, text string) {
		accepted, err := parseReturnURL(text)
		if err != nil {
			return
		}
		for _, location := range []string{accepted, withError(accepted, api.AccessDenied)} {
			if origin := browserOrigin(location); origin != "https://app.example" {
				t.Errorf("%q became %q, which a browser reads as %s", text, location, origin)
			}
			if strings.ContainsFunc(location, func(c rune) bool { return c <= ' ' || c >= 0x7f }) {
				t.Errorf("%q became %q", text, location)
			}
		}
		if !strings.Contains(withError(accepted, api.AccessDenied), "bff_error=access_denied") {
			t.Errorf("%q: the error is lost", text)
		}
	})
}

func FuzzTargetHasOneReading(f *testing.F) {
	for _, target := range []string{"/api/notes", "/api/notes/%2e%2e/x", "/api/notes/%20?a=b", "//x", "/a/../b", "/%C3%A9", "*"} {
		f.Add(target)
	}
	f.Fuzz(func(t *testing.T, target string) {
		if checkTarget(&http.Request{RequestURI: target}) != nil {
			return
		}
		u, err := url.ParseRequestURI(target)
		if err != nil {
			t.Fatalf("%q: net/url refuses what we accept: %v", target, err)
		}
		path, query, _ := strings.Cut(target, "?")
		if u.Host != "" || u.Scheme != "" || u.EscapedPath() != path || u.RawQuery != query {
			t.Errorf("%q is read as %+v", target, u)
		}
		if cleaned := u.JoinPath(); strings.TrimSuffix(cleaned.Path, "/") != strings.TrimSuffix(u.Path, "/") {
			t.Errorf("%q: a normaliser makes %q of it", target, cleaned.Path)
		}
		if _, err := url.ParseQuery(query); err != nil {
			t.Errorf("%q: %v", target, err)
		}
		twice, err := url.PathUnescape(u.Path)
		if err != nil || twice != u.Path {
			t.Errorf("%q: decoding twice makes %q of it", target, twice)
		}
	})
}
