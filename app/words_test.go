//go:build !js

package app

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"golang.org/x/net/html"

	"cloakroom/app/shell"
	"cloakroom/app/text"
	"cloakroom/app/text/english"
	"cloakroom/bff/api"
)

// eachWord calls f with every string below value, and puts what it returns in its place.
func eachWord(path string, value reflect.Value, f func(path, word string) string) {
	switch value.Kind() {
	case reflect.String:
		value.SetString(f(path, value.String()))
	case reflect.Struct:
		for i := range value.NumField() {
			eachWord(path+"."+value.Type().Field(i).Name, value.Field(i), f)
		}
	case reflect.Array, reflect.Slice:
		for i := range value.Len() {
			eachWord(path, value.Index(i), f)
		}
	case reflect.Map:
		for _, key := range value.MapKeys() {
			entry := reflect.New(value.Type().Elem()).Elem()
			entry.Set(value.MapIndex(key))
			eachWord(path+"."+key.String(), entry, f)
			value.SetMapIndex(key, entry)
		}
	default:
		panic("a word that is a " + value.Kind().String())
	}
}

// copyOf has maps and slices of its own.
func copyOf(t *testing.T, words text.Words) (own text.Words) {
	t.Helper()
	encoded, err := json.Marshal(words)
	if err == nil {
		err = json.Unmarshal(encoded, &own)
	}
	if err != nil || !reflect.DeepEqual(own, words) {
		t.Fatalf("the copy is another: %v", err)
	}
	return own
}

// The second of each stands behind a number that ends the sentence in English.
var mayBeEmpty = []string{".Inspector.RefPlaces"}

func TestNoWordIsMissing(t *testing.T) {
	missing := func(words text.Words) (found []string) {
		words = copyOf(t, words)
		eachWord("", reflect.ValueOf(&words).Elem(), func(path, word string) string {
			if word == "" && !slices.Contains(mayBeEmpty, path) {
				found = append(found, path)
			}
			return word
		})
		return found
	}
	if found := missing(english.Words); len(found) > 0 {
		t.Errorf("English has no words for %q", found)
	}
	// The control: a field, and one of a map, that is forgotten.
	words := copyOf(t, english.Words)
	words.Play = ""
	words.SignInErrors[api.LoginLoop] = text.Message{Title: "t"}
	if found := missing(words); len(found) != 2 {
		t.Errorf("%q is what is found of two", found)
	}
}

// latin are the words of a document that somebody reads or hears, but for code.
func latin(t *testing.T, document string) (found []string) {
	t.Helper()
	for _, name := range []string{shell.FileWASM, shell.FileWASMExec, shell.FileLoader, shell.FileStyle} { // facts, on the build screen
		document = strings.ReplaceAll(document, ">"+name+"<", "><")
	}
	root, err := html.ParseWithOptions(strings.NewReader(document), html.ParseOptionEnableScripting(false))
	if err != nil {
		t.Fatal(err)
	}
	word := regexp.MustCompile(`\p{Latin}{2,}`)
	read := []string{"aria-label", "aria-description", "aria-roledescription", "aria-valuetext", "alt", "title", "placeholder"}
	var walk func(*html.Node)
	walk = func(node *html.Node) {
		if node.Type == html.TextNode {
			found = append(found, word.FindAllString(node.Data, -1)...)
		}
		if node.Type == html.ElementNode && slices.Contains([]string{"script", "style", "code"}, node.Data) {
			return
		}
		for _, attribute := range node.Attr {
			description := node.Data == "meta" && attribute.Key == "content" && slices.Contains(node.Attr, html.Attribute{Key: "name", Val: "description"})
			if slices.Contains(read, attribute.Key) || description {
				found = append(found, word.FindAllString(attribute.Val, -1)...)
			}
		}
		for child := range node.ChildNodes() {
			walk(child)
		}
	}
	walk(root)
	return found
}

// A page in another language has nothing of the first one left: here in one that has a single letter.
func TestScreensSpeakTheLanguageThatIsSet(t *testing.T) {
	render := func(path string) string {
		page, err := Page(bundle(t))
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		page.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Body.String()
	}
	other := copyOf(t, english.Words)
	eachWord("", reflect.ValueOf(&other).Elem(), func(_, word string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) {
				return 'я'
			}
			return r
		}, word)
	})
	t.Cleanup(func() { text.Say = &english.Words })
	for _, path := range []string{"/", "/session", "/inspector", "/build", "/no/such/page"} {
		text.Say = &english.Words
		if found := latin(t, render(path)); len(found) < 10 {
			t.Errorf("the control: %s has only %q in English", path, found)
		}
		text.Say = &other
		if found := latin(t, render(path)); len(found) > 0 {
			t.Errorf("%s still says %q", path, found)
		}
	}
}
