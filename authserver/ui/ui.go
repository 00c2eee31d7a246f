// Package ui owns the pages that a person sees at the authorization server: their templates, their style, and the files those
// load. It decides nothing: it gets what to show, and every text in it is escaped by html/template. The pages need no
// script, and the policy that they are sent with allows none but two files: the one that sends the form of [FormPost], and the one for
// passkeys, without which the other ways to sign in work.
//
// Start with [Pages.Render] and the page types in pages.go.
package ui

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"strings"

	"cloakroom/authserver/ui/text"
)

//go:embed page/*.html page/part/*.html
var pageFiles embed.FS

//go:embed asset/*
var assetFiles embed.FS

// AssetPath is where Assets is mounted.
const AssetPath = "/assets/"

// Pages renders pages. It is safe for concurrent use.
type Pages struct {
	languages []*text.Catalogue
	templates []map[string]*template.Template // by language, then by name
	assets    assets
	links     map[string]string
}

// New parses the templates and hashes the assets.
func New() (*Pages, error) {
	languages, err := text.Load()
	if err != nil {
		return nil, err
	}
	p := &Pages{languages: languages, links: map[string]string{}}
	for name, contentType := range map[string]string{"authserver.css": "text/css; charset=utf-8", "icon.svg": "image/svg+xml", "form_post.js": "text/javascript; charset=utf-8", "passkey.js": "text/javascript; charset=utf-8"} {
		content, err := assetFiles.ReadFile("asset/" + name)
		if err != nil {
			return nil, fmt.Errorf("read asset %s: %w", name, err)
		}
		p.links[name] = p.assets.keep(name, contentType, content)
	}
	for _, language := range languages {
		parsed, err := parseTemplates(language)
		if err != nil {
			return nil, err
		}
		p.templates = append(p.templates, parsed)
	}
	return p, nil
}

// parseTemplates parses every page to say its texts in one language.
func parseTemplates(language *text.Catalogue) (map[string]*template.Template, error) {
	parsed := map[string]*template.Template{}
	names, err := fs.Glob(pageFiles, "page/*.html")
	if err != nil {
		return nil, err
	}
	for _, file := range names {
		name := strings.TrimSuffix(path.Base(file), ".html")
		files := []string{"page/layout.html", "page/part/*.html", file}
		if strings.HasPrefix(name, "account_") { // a section is within the account's page
			files = []string{"page/layout.html", "page/part/*.html", "page/account.html", file}
		}
		page, err := template.New("layout.html").Option("missingkey=error").Funcs(functions(language)).ParseFS(pageFiles, files...)
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
		parsed[name] = page
	}
	return parsed, nil
}

// functions are how templates say something: text plainly, rich with what is emphasised. Both take a message, or a key with the names
// and values that are filled in.
func functions(language *text.Catalogue) template.FuncMap {
	message := func(what any, pairs []any) text.Message {
		if ready, ok := what.(text.Message); ok {
			return ready
		}
		return text.Of(fmt.Sprint(what), pairs...)
	}
	return template.FuncMap{
		"text": func(what any, pairs ...any) (string, error) { return language.Plain(message(what, pairs)) },
		"rich": func(what any, pairs ...any) (template.HTML, error) { return language.HTML(message(what, pairs)) },
	}
}

// Frame is what is around every page: whose house this is.
type Frame struct {
	Workspace string // its title; empty outside of every workspace
	Host      string // where the page comes from
	Languages string // that the browser asks for: its Accept-Language
	Look      Look
}

// Render makes a page's HTML.
func (p *Pages) Render(frame Frame, page Page) ([]byte, error) {
	name := page.template()
	language := text.Match(p.languages, frame.Languages)
	_, wide := page.(interface{ wide() })
	var html bytes.Buffer
	err := p.templates[language][name].Execute(&html, map[string]any{
		"Language": p.languages[language].Language.String(),
		"Frame":    frame,
		"Page":     page,
		"Wide":     wide,
		"Style":    p.links["authserver.css"],
		"Icon":     p.links["icon.svg"],
		"Script":   p.links["form_post.js"],

		"PasskeyScript": p.links["passkey.js"],
	})
	if err != nil {
		return nil, fmt.Errorf("render page %s: %w", name, err)
	}
	return html.Bytes(), nil
}
