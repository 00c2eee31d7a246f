package text

import (
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func two(t *testing.T, german string) []*Catalogue {
	t.Helper()
	all, err := load(fstest.MapFS{
		"de/page.yaml": {Data: []byte(german)},
		"en/page.yaml": {Data: []byte("hello: Hello *{name}*, welcome\nwait: {one: a minute, other: \"{count} minutes\"}\nago: \"{when} ago\"\n")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

const german = "hello: Willkommen, *{name}*\nwait: {one: eine Minute, other: \"{count} Minuten\"}\nago: \"vor {when}\"\n"

func TestMessageIsSaidInTheLanguageThatTheBrowserAsksFor(t *testing.T) {
	all := two(t, german)
	for _, row := range []struct{ accepted, want string }{
		{"", "Hello Alice, welcome"},
		{"de-AT,de;q=0.9,en;q=0.5", "Willkommen, Alice"},
		{"fr", "Hello Alice, welcome"},
		{"en;q=0.2, de;q=0.8", "Willkommen, Alice"},
		{"not a; language=", "Hello Alice, welcome"},
	} {
		if got, err := all[Match(all, row.accepted)].Plain(Of("page.hello", "name", "Alice")); got != row.want || err != nil {
			t.Errorf("%q: %q %v", row.accepted, got, err)
		}
	}
}

func TestMessageThatCountsTakesThePluralFormOfItsLanguage(t *testing.T) {
	all := two(t, german)
	for count, want := range map[int]string{1: "vor eine Minute", 2: "vor 2 Minuten", 0: "vor 0 Minuten"} {
		if got, err := all[1].Plain(Of("page.ago", "when", Many("page.wait", count))); got != want || err != nil {
			t.Errorf("%d: %q %v", count, got, err)
		}
	}
}

func TestMarkupIsOfTheMessageAndNeverOfItsValues(t *testing.T) {
	c := two(t, german)[0]
	got, err := c.HTML(Of("page.hello", "name", `<i>*x*{name}`))
	if want := `Hello <b>&lt;i&gt;*x*{name}</b>, welcome`; string(got) != want || err != nil {
		t.Errorf("%s %v", got, err)
	}
	if got, _ := c.HTML(Verbatim("*<b>*")); string(got) != "*&lt;b&gt;*" {
		t.Errorf("verbatim: %s", got)
	}
}

func TestMistakesOfTheProgramAreErrors(t *testing.T) {
	c := two(t, german)[0]
	for name, m := range map[string]Message{
		"unknown key":   Of("page.nothing"),
		"no value":      Of("page.hello"),
		"another value": Of("page.hello", "name", "x", "host", "y"),
		"not a text":    Of("page.hello", "name", 7),
		"of an unknown": Of("page.ago", "when", Of("page.never")),
	} {
		if said, err := c.Plain(m); err == nil {
			t.Errorf("%s: says %q", name, said)
		}
	}
}

func TestWhatIsNoCatalogueIsRefused(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"no language":      {},
		"not a language":   {"templates/page.yaml": {Data: []byte("a: b")}},
		"a list of texts":  {"en/page.yaml": {Data: []byte("a: [b]")}},
		"not YAML":         {"en/page.yaml": {Data: []byte("a: b: c")}},
		"a key that twice": {"en/page.yaml": {Data: []byte("a: b\na: c")}},
	} {
		if _, err := load(files); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

var pluralForm = regexp.MustCompile(`\.(zero|one|two|few|many|other)$`)

// shape is what a translation has to share with the first language: its keys, and what is filled in where.
func shape(c *Catalogue) map[string]string {
	shapes := map[string]string{}
	for key, words := range c.words {
		names := regexp.MustCompile(`\{[a-z]+\}`).FindAllString(words, -1)
		slices.Sort(names)
		if counted := pluralForm.ReplaceAllString(key, ""); counted != key {
			if strings.HasSuffix(key, ".other") {
				shapes[counted] = strings.Join(names, " ")
			}
			continue
		}
		shapes[key] = strings.Join(names, " ")
	}
	return shapes
}

func TestEveryLanguageHasTheSameTexts(t *testing.T) {
	all, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range all {
		if !maps.Equal(shape(c), shape(all[0])) {
			t.Errorf("%s has other keys or values than %s", c.Language, all[0].Language)
		}
		for key, words := range c.words {
			if strings.Count(words, "*")%2 != 0 || strings.TrimSpace(words) == "" {
				t.Errorf("%s: %s: %q", c.Language, key, words)
			}
		}
	}
	if pair := two(t, strings.Replace(german, "{name}", "{who}", 1)); maps.Equal(shape(pair[0]), shape(pair[1])) { // the control
		t.Error("a translation that fills in something else passes")
	}
}
