// Package text owns the words of every page that a person sees at the authorization server: one folder for each language, with the same
// keys in each. Templates and handlers name a message by its key and hold no words of their own. It renders no page.
//
// To translate: copy the folder en to one named by the language's tag, and put other words behind the keys. Names in braces stand
// for what is filled in, *asterisks* are around what is emphasised, and a message that counts something has a form for each plural
// category of the language (CLDR: one, other, …).
//
// Start with [Of] and [Catalogue.Plain].
package text

import (
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

// Message is what is to be said, in no language yet. The zero value says nothing.
type Message struct {
	key      string
	values   map[string]any
	count    int
	counted  bool
	verbatim string
}

// Of names a message and what is filled in: name and value in turn. A value is a string, or another Message.
func Of(key string, pairs ...any) Message {
	m := Message{key: key, values: map[string]any{}}
	for at := 0; at+1 < len(pairs); at += 2 {
		m.values[fmt.Sprint(pairs[at])] = pairs[at+1]
	}
	return m
}

// Many names a message that counts something; {count} is the number.
func Many(key string, count int, pairs ...any) Message {
	m := Of(key, pairs...)
	m.values["count"] = strconv.Itoa(count)
	m.count, m.counted = count, true
	return m
}

// Verbatim is a text that is nobody's to translate here: one from the configuration.
func Verbatim(words string) Message { return Message{verbatim: words} }

// IsZero reports whether there is nothing to say; templates ask by "if .Message.Given".
func (m Message) IsZero() bool { return m.key == "" && m.verbatim == "" }

// Given is the opposite of IsZero, for templates.
func (m Message) Given() bool { return !m.IsZero() }

// Key is the key, empty for a verbatim text.
func (m Message) Key() string { return m.key }

// String is the message in the first language, for logs and for whoever reads no page.
func (m Message) String() string {
	all, err := Load()
	if err != nil {
		return m.key
	}
	words, err := all[0].Plain(m)
	if err != nil {
		return m.key
	}
	return words
}

// Catalogue has the words of one language.
type Catalogue struct {
	Language language.Tag
	words    map[string]string
}

// Keys reports whether there are words for the key.
func (c *Catalogue) Has(key string) bool {
	_, there := c.words[key]
	_, counted := c.words[key+".other"]
	return there || counted
}

// Plain says the message as text. An unknown key, and a value that is missing or not asked for, is an error: it is a mistake of
// the program's, and its tests find it.
func (c *Catalogue) Plain(m Message) (string, error) {
	return c.say(m, func(words string) string { return words }, "", "")
}

// HTML says the message as markup: everything is escaped, and *asterisks* make bold.
func (c *Catalogue) HTML(m Message) (template.HTML, error) {
	said, err := c.say(m, template.HTMLEscapeString, "<b>", "</b>")
	return template.HTML(said), err //nolint:gosec // every part of it has been escaped
}

var marks = regexp.MustCompile(`\{[a-z]+\}|\*`)

func (c *Catalogue) say(m Message, escape func(string) string, open, shut string) (string, error) {
	if m.IsZero() || m.verbatim != "" {
		return escape(m.verbatim), nil
	}
	words, err := c.find(m)
	if err != nil {
		return "", err
	}
	var said strings.Builder
	used, at, bold := map[string]bool{}, 0, false
	for _, mark := range marks.FindAllStringIndex(words, -1) {
		said.WriteString(escape(words[at:mark[0]]))
		at = mark[1]
		if words[mark[0]] == '*' {
			said.WriteString(map[bool]string{false: open, true: shut}[bold])
			bold = !bold
			continue
		}
		name := words[mark[0]+1 : mark[1]-1]
		value, given := m.values[name]
		if !given {
			return "", fmt.Errorf("text %q needs a value for {%s}", m.key, name)
		}
		used[name] = true
		filled, err := c.value(value)
		if err != nil {
			return "", err
		}
		said.WriteString(escape(filled))
	}
	for name := range m.values {
		if !used[name] && name != "count" {
			return "", fmt.Errorf("text %q has no place for {%s}", m.key, name)
		}
	}
	said.WriteString(escape(words[at:]))
	return said.String(), nil
}

func (c *Catalogue) value(value any) (string, error) {
	switch value := value.(type) {
	case Message:
		return c.Plain(value)
	case string:
		return value, nil
	default:
		return "", fmt.Errorf("a %T cannot be filled in", value)
	}
}

// find looks the words up, for a message that counts in the plural form of its number.
func (c *Catalogue) find(m Message) (string, error) {
	key := m.key
	if m.counted {
		key += "." + forms[plural.Cardinal.MatchPlural(c.Language, m.count, 0, 0, 0, 0)]
		if _, there := c.words[key]; !there {
			key = m.key + ".other"
		}
	}
	words, there := c.words[key]
	if !there {
		return "", fmt.Errorf("there is no text %q in %s", key, c.Language)
	}
	return words, nil
}

// forms are CLDR's names of the plural categories.
var forms = map[plural.Form]string{
	plural.Other: "other", plural.Zero: "zero", plural.One: "one", plural.Two: "two", plural.Few: "few", plural.Many: "many",
}
