package component

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
)

// ClearHandlers are the answers to whether all notes are to be deleted.
type ClearHandlers struct {
	Ask, Yes, No goapp.EventHandler
	StepUp       goapp.EventHandler // on the way to the fresh sign-in
}

// clearNotes asks before it deletes, and explains when the API asks for a fresh sign-in first (RFC 9470).
func clearNotes(home *state.Home, handlers ClearHandlers) goapp.UI {
	switch {
	case home.Clearing == state.ClearingNeedsSignIn:
		return question(text.Say.StepUpTitle, text.Say.StepUpDetail, handlers.No,
			goapp.A().ID(IDStepUp).Class("button", "button-small").Href(home.StepUp).OnClick(handlers.StepUp).Text(text.Say.StepUpLink))
	case home.Clearing == state.ClearingNow:
		return goapp.Div().Class("clear").Body(goapp.P().Class("quiet").Text(text.Say.ClearingNotes))
	case home.Clearing == state.ClearingAsked:
		return question(text.Say.ClearNotes, text.Say.ClearQuestion, handlers.No,
			goapp.Button().ID(IDClearYes).Class("button", "button-small").Type("button").OnClick(handlers.Yes).Text(text.Say.ClearYes))
	case len(home.Notes) == 0:
		return nil
	default:
		return goapp.Div().Class("clear").Body(
			goapp.Button().ID(IDNotesClear).Class("link-button").Type("button").OnClick(handlers.Ask).Text(text.Say.ClearNotes),
		)
	}
}

func question(title, detail string, no goapp.EventHandler, yes goapp.UI) goapp.UI {
	return goapp.Div().Class("clear", "question").Role("group").Aria("label", title).Body(
		goapp.Elem("strong").Class("alert-title").Text(title),
		goapp.P().Text(detail),
		goapp.Div().Class("choices").Body(
			yes,
			goapp.Button().Class("button", "button-quiet", "button-small").Type("button").OnClick(no).Text(text.Say.KeepNotes),
		),
	)
}
