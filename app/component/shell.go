package component

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
)

// Shell is the frame of every screen: skip link, header with the navigation, main, footer. The action, when it is not
// nil, stands at the end of the header. Home says that this is the front page, for the navigation.
func Shell(home bool, action goapp.UI, content ...goapp.UI) goapp.UI {
	homeLink := goapp.A().Class("nav-link").Href("/").DataSet(RouteLink, "home").Text(text.NavHome)
	if home {
		homeLink = homeLink.Aria("current", "page")
	}
	return goapp.Div().Class("page").Body(
		goapp.A().Class("skip").Href("#"+IDMain).Text(text.SkipLink),
		goapp.Header().Class("top").Body(
			goapp.A().Class("brand").Href("/").DataSet(RouteLink, "home").Body(
				mark(),
				goapp.Span().Text(text.Product),
			),
			goapp.Nav().Class("nav").Aria("label", text.NavLabel).Body(homeLink),
			goapp.Div().Class("top-action").Body(action),
		),
		goapp.Main().ID(IDMain).Class("main").TabIndex(-1).Body(content...),
		goapp.Footer().Class("foot").Body(goapp.P().Text(text.Footer)),
	)
}

// Status is the polite live region. It stays in place for as long as the page, so that changes are read out.
func Status(sentence, tone string) goapp.UI {
	return goapp.P().ID(IDStatus).Class("status", "status-"+tone).Role("status").Text(sentence)
}
