package component

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
)

type screen struct{ path, name string }

// screens are what the navigation leads to.
func screens() []screen {
	return []screen{
		{PathHome, text.Say.NavHome},
		{PathSession, text.Say.NavSession},
		{PathInspector, text.Say.NavInspector},
		{PathBuild, text.Say.NavBuild},
	}
}

// Shell is the frame of every screen: skip link, header with the navigation, main, footer. The action, when it is not
// nil, stands at the end of the header. Here is the path of this screen, for the navigation.
func Shell(here string, action goapp.UI, content ...goapp.UI) goapp.UI {
	frame := goapp.Div().Class("page")
	if here != "" {
		frame = frame.Class("page-screen")
	}
	return frame.Body(
		goapp.A().Class("skip").Href("#"+IDMain).Text(text.Say.SkipLink),
		goapp.Header().Class("top").Body(
			goapp.A().Class("brand").Href(PathHome).DataSet(RouteLink, "home").Body(
				mark(),
				goapp.Span().Text(text.Say.Product),
			),
			goapp.Nav().Class("nav").Aria("label", text.Say.NavLabel).Body(navigation(here)...),
			goapp.Div().Class("top-action").Body(action),
		),
		goapp.Main().ID(IDMain).Class("main").TabIndex(-1).Body(content...),
		goapp.Footer().Class("foot").Body(goapp.P().Text(text.Say.Footer)),
	)
}

func navigation(here string) []goapp.UI {
	var links []goapp.UI
	for _, screen := range screens() {
		link := goapp.A().Class("nav-link").Href(screen.path).DataSet(RouteLink, "screen").Text(screen.name)
		if screen.path == here {
			link = link.Aria("current", "page")
		}
		links = append(links, link)
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
