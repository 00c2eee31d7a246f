package authserver

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
)

func FuzzVerifyRedirectURI(f *testing.F) {
	c := &client.Client{
		RedirectURIs: []string{"https://app.example/callback", "https://app.example/second?a=b"},
		GrantTypes:   []string{oauth.GrantAuthorizationCode},
	}
	for _, seed := range append(slices.Clone(c.RedirectURIs), "https://app.example/callback/", "//app.example/callback", "https://app.example@evil.example/") {
		f.Add(seed, "state")
	}
	f.Fuzz(func(t *testing.T, requested, state string) {
		verified, err := verifyRedirectURI(c, requested)
		if err != nil {
			return
		}
		if !slices.Contains(c.RedirectURIs, requested) {
			t.Fatalf("%q passes", requested)
		}
		location, err := url.Parse(verified.location(url.Values{"state": {state}}))
		if err != nil || location.Host != "app.example" || location.Query().Get("state") != state {
			t.Errorf("location %v, %v", location, err)
		}
	})
}

func FuzzParseParams(f *testing.F) {
	f.Add("a=b&c=d&resource=x&resource=y")
	f.Add("a=b&a=c")
	f.Add("%zz;=\x00")
	f.Fuzz(func(t *testing.T, encoded string) {
		p, err := parseParams(encoded)
		if err != nil {
			return
		}
		for name, value := range p.values {
			if value == "" || strings.Contains(value, "\x00") || strings.Count("&"+encoded, "&"+url.QueryEscape(name)+"=") > 1 {
				t.Errorf("%q gives %q=%q", encoded, name, value)
			}
		}
	})
}

func TestResourcesMayBeRepeatedAndNothingElse(t *testing.T) {
	p, err := parseParams("resource=a&resource=b&scope=x&empty=")
	if err != nil || !slices.Equal(p.resources, []string{"a", "b"}) || p.get("scope") != "x" || p.get("empty") != "" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := parseParams("resource=a" + strings.Repeat("&resource=b", maxResources)); err == nil {
		t.Error("any number of resources passes")
	}
}
