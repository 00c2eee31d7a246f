package ui

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"cloakroom/authserver/ui/text"
)

const hostile = `"><script>alert(1)</script>{{.Page}}`

func pages(t *testing.T) *Pages {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPagesEscapeEveryText(t *testing.T) {
	p := pages(t)
	words := text.Verbatim(hostile)
	for _, page := range []Page{
		Login{Local: true, Sources: []SourceLink{{ID: hostile, Name: hostile, Address: "javascript:alert(1)", Last: true}}, SignUp: "javascript:alert(1)", Client: hostile, Action: hostile, CSRF: hostile, Username: hostile, Rejected: true, Wait: words, Notice: hostile},
		Consent{Client: hostile, Host: hostile, Username: hostile, Action: hostile, CSRF: hostile, Scopes: []ScopeGroup{{words, []ConsentScope{{hostile, words, true}}}}},
		Logout{Username: hostile, Action: hostile, CSRF: hostile, Ends: []string{hostile}, Keeps: []string{hostile}, Account: "javascript:alert(1)"},
		Message{Title: words, Text: text.Of("error.finished.text", "client", hostile), Next: "javascript:alert(1)", NextName: words},
		Error{Title: words, Text: words, Next: "javascript:alert(1)", NextName: words, RequestID: hostile},
	} {
		html, err := p.Render(Frame{Workspace: hostile, Host: hostile}, page)
		if err != nil {
			t.Errorf("%T: %v", page, err)
			continue
		}
		if strings.Contains(string(html), "<script") || strings.Contains(string(html), `href="javascript:`) {
			t.Errorf("%T: %s", page, html)
		}
		if !strings.Contains(string(html), "&lt;script&gt;") { // the control: the text is there
			t.Errorf("%T does not show its texts", page)
		}
	}
}

func TestPagesHaveTheIDsOfTheContract(t *testing.T) {
	p := pages(t)
	for _, test := range []struct {
		page Page
		ids  []string
	}{
		{Login{Local: true}, []string{"username", "password", "login", "cancel"}},
		{Login{SignUp: "/signup", Local: true, Sources: []SourceLink{{ID: "corp"}}}, []string{"login", "signup", "source_corp"}},
		{Login{Sources: []SourceLink{{ID: "corp"}}}, []string{"cancel", "source_corp"}},
		{SignUp{}, []string{"username", "password", "password_again", "name", "email", "signup", "back"}},
		{Consent{}, []string{"consent_allow", "consent_deny"}},
		{Logout{}, []string{"logout_yes", "logout_no"}},
	} {
		html, err := p.Render(Frame{}, test.page)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range test.ids {
			if strings.Count(string(html), `id="`+id+`"`) != 1 {
				t.Errorf("%T: id %q", test.page, id)
			}
		}
	}
}

func TestPagesLoadOnlyOurOwnAssets(t *testing.T) {
	p := pages(t)
	html, err := p.Render(Frame{}, Login{})
	if err != nil {
		t.Fatal(err)
	}
	loaded := regexp.MustCompile(`(?:href|src)="([^"]+)"`).FindAllStringSubmatch(string(html), -1)
	if len(loaded) != 2 {
		t.Errorf("loads %v", loaded)
	}
	for _, match := range loaded {
		recorder := httptest.NewRecorder()
		p.Assets().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, match[1], nil))
		if recorder.Code != http.StatusOK || recorder.Body.Len() == 0 || strings.Contains(recorder.Body.String(), "url(") {
			t.Errorf("%s: %d", match[1], recorder.Code)
		}
	}
	recorder := httptest.NewRecorder()
	p.Assets().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, AssetPath+"authserver.css", nil))
	if recorder.Code != http.StatusNotFound {
		t.Errorf("a name without hash: %d", recorder.Code)
	}
}
