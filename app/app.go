// Package app is the page: a single-page app in Go, compiled to WebAssembly, that signs the user in through the BFF and
// never holds a token. It owns the screens, what they say and how they are served; it knows the BFF by HTTP and by the
// wire types of bff/api, and nothing of what is behind it.
//
// Two programs link it. In the browser, cmd/app calls [Run]. In the server, the BFF mounts the handler that Page returns:
// the same screens, rendered once, so that the page is there before the bundle is.
//
// Start with [routes], then page.Home; backend has the calls, shell the serving.
package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/component"
	"cloakroom/app/page"
	"cloakroom/app/text"
	"cloakroom/app/text/english"
)

// The page speaks English: another language is another package like it.
func init() { text.Say = &english.Words }

// route is a permanent URL of the page.
type route struct {
	path   string
	title  string
	screen func(page.World) goapp.Composer
}

// routes are all of them. Server and browser read the same list.
func routes() []route {
	return []route{
		{component.PathHome, text.Say.Title, func(world page.World) goapp.Composer { return page.NewHome(world) }},
		{component.PathSession, text.Say.SessionTitle + text.Say.TitleEnd, func(world page.World) goapp.Composer { return page.NewSession(world) }},
		{component.PathInspector, text.Say.InspectorTitle + text.Say.TitleEnd, func(world page.World) goapp.Composer { return page.NewInspector(world) }},
		{component.PathBuild, text.Say.BuildTitle + text.Say.TitleEnd, func(world page.World) goapp.Composer { return page.NewBuild(world) }},
	}
}
