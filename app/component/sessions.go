package component

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Sessions is the card of everything that the user is signed in with.
func Sessions(session *state.Session, handlers SessionHandlers) goapp.UI {
	return goapp.Section().ID(IDSessions).Class("card").TabIndex(-1).Aria("labelledby", "sessions-heading").Body(
		goapp.H2().ID("sessions-heading").Text(text.Say.SessionsHeading),
		goapp.P().Class("quiet").Text(text.Say.SessionsLede),
		sessionList(session, handlers),
		goapp.Div().Class("choices").Body(
			goapp.Button().Class("button", "button-quiet", "button-small").Type("button").
				OnClick(handlers.SignOut).Text(text.Say.SignOutHere),
			when(session.Others() > 0, func() goapp.UI {
				return quietButton(IDEndOthers, text.Say.EndOthers, session.Doing == state.EndOthers, handlers.EndOthers)
			}),
			goapp.Button().ID(IDSignOutAll).Class("button", "button-quiet", "button-small").Type("button").
				OnClick(handlers.SignOutAll).Text(text.Say.SignOutAll),
		),
	)
}

func sessionList(session *state.Session, handlers SessionHandlers) goapp.UI {
	switch session.ListPhase {
	case state.ListLoading:
		return goapp.P().Class("notes-empty").Text(text.Say.SessionsLoading)
	case state.ListFailed:
		return goapp.Button().Class("button", "button-quiet", "button-small", "notes-retry").Type("button").
			OnClick(handlers.Retry).Text(text.Say.TryAgain)
	}
	rows := make([]goapp.UI, len(session.Sessions))
	for i, one := range session.Sessions {
		rows[i] = sessionRow(one, session.Doing == state.Action(one.Handle), handlers.End(one.Handle))
	}
	return goapp.Ul().Class("note-list").Body(rows...)
}

func sessionRow(one api.SessionInfo, ending bool, end goapp.EventHandler) goapp.UI {
	name := BrowserName(one.UserAgent)
	label := text.Say.EndSession
	if ending {
		label = text.Say.EndingSession
	}
	return goapp.Li().Class("note").Body(
		goapp.Div().Class("note-body").Body(
			goapp.P().Class("note-text").Text(name),
			goapp.P().Class("session-times").Body(
				instant(text.Say.LastSeen, one.LastSeen),
				instant(text.Say.StartedAt, one.CreatedAt),
			),
		),
		when(one.Current, func() goapp.UI { return goapp.Span().Class("chip").Text(text.Say.ThisSession) }),
		when(!one.Current, func() goapp.UI {
			return goapp.Button().Class("note-delete").Type("button").Aria("label", text.Say.EndSessionOf+name).
				OnClick(end, goapp.EventScope(one.Handle)).Text(label)
		}),
	)
}
