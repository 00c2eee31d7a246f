package component

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Pitch is what a visitor who is not signed in reads. Its sign-in link works before the app runs.
func Pitch(providers []api.Provider) goapp.UI {
	return goapp.Section().Class("pitch").Body(
		goapp.H1().Class("display").Text(text.Say.Motto),
		goapp.P().Class("lede").Text(text.Say.Lede),
		SignInLinks(providers, PathHome),
		goapp.P().Class("promise").Text(text.Say.Promise),
	)
}

// SignInLinks offers each provider; one needs no name. The user comes back to the given path.
func SignInLinks(providers []api.Provider, back string) goapp.UI {
	if len(providers) < 2 {
		login := ""
		if len(providers) == 1 {
			login = providers[0].Login
		}
		return goapp.Div().Class("actions").Body(
			goapp.A().ID(IDSignIn).Class("button").Href(state.LoginURL(login, back)).Text(text.Say.SignIn),
		)
	}
	links := make([]goapp.UI, len(providers))
	for i, provider := range providers {
		link := goapp.A().Class("button").Href(state.LoginURL(provider.Login, back)).Text(text.Say.SignInWith + provider.Name)
		if i == 0 {
			link = link.ID(IDSignIn)
		} else {
			link = link.Class("button-quiet")
		}
		links[i] = link
	}
	return goapp.Div().Class("actions").Body(links...)
}

// Alert is a message that is read out at once. It keeps its place when there is none. Its link to sign in leads back to
// the given path.
func Alert(alert *state.Alert, back string, retry goapp.EventHandler) goapp.UI {
	frame := goapp.Div().Class("alert-place").Role("alert")
	if alert == nil {
		return frame
	}
	return frame.Body(goapp.Div().ID(IDAlert).Class("alert").Body(
		goapp.Elem("strong").Class("alert-title").Text(alert.Title),
		goapp.P().Text(alert.Detail),
		when(alert.SignIn != "", func() goapp.UI {
			return goapp.A().Class("alert-action").Href(state.LoginURL("", back)).Text(alert.SignIn)
		}),
		when(alert.Retry, func() goapp.UI {
			return goapp.Button().ID(IDRetry).Class("alert-action").Type("button").OnClick(retry).Text(text.Say.CheckAgain)
		}),
	))
}

// SignOut is the button that ends the session.
func SignOut(leaving bool, signOut goapp.EventHandler) goapp.UI {
	label := text.Say.SignOut
	if leaving {
		label = text.Say.SigningOut
	}
	return goapp.Button().ID(IDSignOut).Class("button", "button-quiet", "button-small").Type("button").
		OnClick(signOut).Text(label)
}

// Tour leads to the inspector, which then plays the sign-in that has just been. Where there is no trace there is no tour.
func Tour(traced bool) goapp.UI {
	return when(traced, func() goapp.UI {
		return goapp.P().Class("tour").Body(
			goapp.A().ID(IDTour).Href(PathInspector+"?"+ParameterTour+"=start").Text(text.Say.StartTour),
			goapp.Span().Class("quiet").Text(text.Say.TourDetail),
		)
	})
}

// Greeting is the heading of a signed-in user's page.
func Greeting(user string) goapp.UI {
	return goapp.H1().Class("display", "display-small").Body(
		goapp.Span().Class("greeting").Text(text.Say.Welcome),
		goapp.Span().ID(IDUserName).Class("user-name").Text(user),
	)
}
