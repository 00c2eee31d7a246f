package app

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/page"
)

// Run starts the app in the browser and never returns.
//
// Step 1a: the user opens the application (the client); its page takes over from the prerendered one and asks the BFF
// who is signed in.
func Run() {
	browser := backend.NewBrowser()
	world := page.World{Backend: backend.New(browser), Browser: browser, Facts: browser.Facts()}
	for _, route := range routes() {
		goapp.Route(route.path, func() goapp.Composer { return route.screen(world) })
	}
	goapp.RouteWithRegexp(".*", func() goapp.Composer { return page.NewNotFound() })
	goapp.RunWhenOnBrowser()
}
