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
	client := backend.New(browser)
	world := page.World{Backend: client, Browser: browser, Facts: browser.Facts(), First: client.First()}
	for _, route := range routes() {
		goapp.Route(route.path, func() goapp.Composer {
			screen := route.screen(world)
			world.First = nil // later screens ask anew
			return screen
		})
	}
	goapp.RouteWithRegexp(".*", func() goapp.Composer { return page.NewNotFound() })
	goapp.RunWhenOnBrowser()
}
