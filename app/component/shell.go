package component

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
)

// screens are what the navigation leads to.
var screens = []struct{ path, name string }{
	{PathHome, text.NavHome},
	{PathSession, text.NavSession},
	{PathInspector, text.NavInspector},
	{PathBuild, text.NavBuild},
}

// Shell is the frame of every screen: skip link, header with the navigation, main, footer. The action, when it is not
// nil, stands at the end of the header. Here is the path of this screen, for the navigation.
func Shell(here string, action goapp.UI, content ...goapp.UI) goapp.UI {
	frame := goapp.Div().Class("page")
	if here != "" {
		frame = frame.Class("page-screen")
	}
	return frame.Body(
		goapp.A().Class("skip").Href("#"+IDMain).Text(text.SkipLink),
		goapp.Header().Class("top").Body(
			goapp.A().Class("brand").Href(PathHome).DataSet(RouteLink, "home").Body(
				mark(),
				goapp.Span().Text(text.Product),
			),
			goapp.Nav().Class("nav").Aria("label", text.NavLabel).Body(navigation(here)...),
			goapp.Div().Class("top-action").Body(action),
		),
		goapp.Main().ID(IDMain).Class("main").TabIndex(-1).Body(content...),
		goapp.Footer().Class("foot").Body(goapp.P().Text(text.Footer)),
	)
}

func navigation(here string) []goapp.UI {
	links := make([]goapp.UI, len(screens))
	for i, screen := range screens {
		link := goapp.A().Class("nav-link").Href(screen.path).DataSet(RouteLink, "screen").Text(screen.name)
		if screen.path == here {
			link = link.Aria("current", "page")
		}
		links[i] = link
	}
	return links
}

// Status is the polite live region. It stays in place for as long as the page, so that changes are read out.
func Status(sentence, tone string) goapp.UI {
	return goapp.P().ID(IDStatus).Class("status", "status-"+tone).Role("status").Text(sentence)
}

// Announcement is a live region for screens whose status is otherwise not shown.
func Announcement(sentence string) goapp.UI {
	return goapp.P().ID(IDStatus).Class("announcement").Role("status").Text(sentence)
}
