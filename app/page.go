//go:build !js

package app

import (
	"io/fs"
	"net/http"

	"cloakroom/app/backend"
	"cloakroom/app/page"
	"cloakroom/app/shell"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Page returns the handler of everything that is not the BFF's: the page at each of its routes, its static files under
// /web/, and a page for addresses that do not exist. It needs no session and asks for none. web is the folder with the
// bundle in it; when there is none, the error says how to build it. The providers are those that a sign-in can be started
// with: a page that knows them from the start offers each before it has asked.
func Page(web fs.FS, providers ...api.Provider) (http.Handler, error) {
	return shell.New(web, func(files []backend.File) shell.Screens {
		facts := backend.Facts{Files: files, Providers: providers}
		screens := shell.Screens{ByPath: map[string]shell.Screen{}, Facts: facts}
		for _, route := range routes() {
			screens.ByPath[route.path] = shell.Screen{Title: route.title, UI: route.screen(page.World{Facts: facts})}
		}
		screens.NotFound = shell.Screen{Title: text.Say.NotFound.Title + text.Say.TitleEnd, UI: page.NewNotFound()}
		return screens
	})
}
