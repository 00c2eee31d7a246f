package client

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"cloakroom/authserver/oauth"
)

func confidential() Client {
	c := Client{
		ID:           "web",
		AuthMethod:   oauth.AuthSecretBasic,
		SecretHash:   DigestOf("a secret of the client"),
		RedirectURIs: []string{"https://app.example/callback"},
		GrantTypes:   []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken},
		Scopes:       oauth.Scopes{"openid", "notes.read"},
	}
	c.SetDefaults()
	return c
}

func TestAuthenticateAcceptsTheRegisteredMethodAndSecretOnly(t *testing.T) {
	web := confidential()
	public := Client{ID: "spa", AuthMethod: oauth.AuthNone}
	unset := Client{ID: "unset", AuthMethod: oauth.AuthSecretBasic}
	const secret = "a secret of the client"
	for name, test := range map[string]struct {
		client      *Client
		credentials Credentials
		ok          bool
	}{
		"registered":                  {&web, Credentials{Method: oauth.AuthSecretBasic, Secret: secret}, true},
		"public":                      {&public, Credentials{Method: oauth.AuthNone}, true},
		"wrong secret":                {&web, Credentials{Method: oauth.AuthSecretBasic, Secret: secret + "x"}, false},
		"empty secret":                {&web, Credentials{Method: oauth.AuthSecretBasic}, false},
		"other method":                {&web, Credentials{Method: oauth.AuthSecretPost, Secret: secret}, false},
		"confidential without":        {&web, Credentials{Method: oauth.AuthNone}, false},
		"public with a secret":        {&public, Credentials{Method: oauth.AuthSecretPost, Secret: secret}, false},
		"no secret is registered":     {&unset, Credentials{Method: oauth.AuthSecretBasic}, false},
		"unknown client":              {nil, Credentials{Method: oauth.AuthSecretBasic, Secret: secret}, false},
		"unknown client, no method":   {nil, Credentials{}, false},
		"unknown client, method none": {nil, Credentials{Method: oauth.AuthNone}, false},
	} {
		if err := test.client.Authenticate(test.credentials, Expected{}); (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestParseBasicDecodesBothParts(t *testing.T) {
	const id, secret = "client:é 1", "p:ss%+ ü"
	got, err := ParseBasic("bAsIc " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(id)+":"+url.QueryEscape(secret))))
	if err != nil || got.ClientID != id || got.Secret.Reveal() != secret || got.Method != oauth.AuthSecretBasic {
		t.Errorf("ParseBasic = %q %q %v", got.ClientID, got.Secret.Reveal(), err)
	}
	for name, header := range map[string]string{
		"empty":        "",
		"scheme only":  "Basic",
		"other scheme": "Bearer abc",
		"not base64":   "Basic !!!",
		"no colon":     "Basic " + base64.StdEncoding.EncodeToString([]byte("web")),
		"no id":        "Basic " + base64.StdEncoding.EncodeToString([]byte(":secret")),
		"bad escape":   "Basic " + base64.StdEncoding.EncodeToString([]byte("web:%zz")),
	} {
		if _, err := ParseBasic(header); err == nil {
			t.Errorf("%s: accepted %q", name, header)
		}
	}
}

func FuzzParseBasic(f *testing.F) {
	f.Add("Basic d2ViOnNlY3JldA==")
	f.Add("basic " + base64.StdEncoding.EncodeToString([]byte("a%3Ab:%")))
	f.Fuzz(func(t *testing.T, header string) {
		got, err := ParseBasic(header)
		if err != nil {
			return
		}
		again := "Basic " + base64.StdEncoding.EncodeToString([]byte(url.QueryEscape(got.ClientID)+":"+url.QueryEscape(got.Secret.Reveal())))
		if twice, err := ParseBasic(again); err != nil || twice.ClientID != got.ClientID || twice.Secret != got.Secret {
			t.Errorf("ParseBasic(%q) = %q, and encoded again %q, %v", header, got.ClientID, twice.ClientID, err)
		}
	})
}

func TestProblemsNamesEachMistake(t *testing.T) {
	valid := confidential()
	if problems := valid.Problems(); len(problems) > 0 {
		t.Fatalf("valid registration: %v", problems)
	}
	for want, change := range map[string]func(*Client){
		"id: is missing":                    func(c *Client) { c.ID = "" },
		"no name in an address":             func(c *Client) { c.ID = ".." },
		"not visible ASCII":                 func(c *Client) { c.ID = "a b" },
		"neither required nor optional":     func(c *Client) { c.PKCE = "off" },
		"exactly one of secret_hash":        func(c *Client) { c.SecretHash, c.Secret = Digest{}, Digest{} },
		"secret_file and secret_env":        func(c *Client) { c.SecretFile = "also" },
		"a public client has none":          func(c *Client) { c.AuthMethod = oauth.AuthNone },
		"required for a public":             func(c *Client) { c.AuthMethod, c.SecretHash, c.PKCE = oauth.AuthNone, Digest{}, PKCEOptional },
		`"tls" is none of`:                  func(c *Client) { c.AuthMethod = "tls" },
		`"password" is not supported`:       func(c *Client) { c.GrantTypes = append(c.GrantTypes, "password") },
		"needs at least one":                func(c *Client) { c.RedirectURIs = nil },
		"refresh_token needs":               func(c *Client) { c.GrantTypes = []string{oauth.GrantRefreshToken} },
		"is for confidential clients":       func(c *Client) { c.AuthMethod, c.GrantTypes = oauth.AuthNone, []string{oauth.GrantClientCredentials} },
		"has to be https":                   func(c *Client) { c.RedirectURIs = []string{"http://app.example/callback"} },
		"is there twice":                    func(c *Client) { c.RedirectURIs = append(c.RedirectURIs, c.RedirectURIs[0]) },
		"post_logout_redirect_uris: \"/x\"": func(c *Client) { c.PostLogoutRedirectURIs = []string{"/x"} },
		"uri: \"app\" is not":               func(c *Client) { c.URI = "app" },
		"a scope that is not in scopes":     func(c *Client) { c.DefaultScopes = oauth.Scopes{"notes.write"} },
	} {
		c := confidential()
		change(&c)
		found := false
		for _, problem := range c.Problems() {
			found = found || strings.Contains(problem.Error(), want)
		}
		if !found {
			t.Errorf("no problem says %q: %v", want, c.Problems())
		}
	}
}
