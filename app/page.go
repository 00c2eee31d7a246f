//go:build !js

package app

import (
	"io/fs"
	"net/http"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/page"
	"cloakroom/app/shell"
)

// Page returns the handler of everything that is not the BFF's: the page at each of its routes, its static files under
// /web/, and a page for addresses that do not exist. It needs no session and asks for none. web is the folder with the
// bundle in it; when there is none, the error says how to build it.
func Page(web fs.FS) (http.Handler, error) {
	screens := shell.Screens{ByPath: map[string]goapp.UI{}, NotFound: page.NewNotFound()}
	for _, route := range routes() {
		screens.ByPath[route.path] = route.screen(nil, nil)
	}
	return shell.New(web, screens)
}
