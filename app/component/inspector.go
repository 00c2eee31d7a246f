package component

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// Inspection is what the inspector's parts are drawn from.
type Inspection struct {
	*state.Inspector
	Flows []trace.Flow
	Flow  trace.Flow // the chosen one
	Steps []trace.Step
	Links trace.Links
	Echo  map[string]bool // by key: messages that the other end has told before
	Do    InspectorHandlers
}

// InspectorHandlers are what the user can do on the screen.
type InspectorHandlers struct {
	SignIn, Call, Refresh, SignOut goapp.EventHandler
	Reconnect                      goapp.EventHandler
	Choose                         func(flow string) goapp.EventHandler
	Toggle                         func(event string) goapp.EventHandler
	Stepping, Next                 goapp.EventHandler
	Seat                           func(seat trace.Seat) goapp.EventHandler
	Density                        func(density state.Density) goapp.EventHandler
	Point, Pin                     func(ref string) goapp.EventHandler
	Play                           goapp.EventHandler
	Against                        goapp.EventHandler
	Export                         func(form string) goapp.EventHandler
	Open, Close                    goapp.EventHandler
}

// Inspect looks at what there is. Before anything has happened there are the ten steps, waiting.
func Inspect(inspector *state.Inspector, do InspectorHandlers) Inspection {
	view := Inspection{Inspector: inspector, Flows: inspector.Flows(), Do: do}
	chosen := inspector.Chosen(view.Flows)
	for _, flow := range view.Flows {
		if flow.ID == chosen {
			view.Flow = flow
		}
	}
	view.Steps = trace.Steps(view.Flows, chosen)
	if len(view.Steps) == 0 {
		for number := range text.Say.Steps {
			view.Steps = append(view.Steps, trace.Step{Number: api.Step(number + 1)})
		}
	}
	view.Links = trace.NewLinks(trace.Messages(view.Steps))
	view.Echo = trace.Echoes(trace.Messages(view.Steps))
	if view.View.Playing {
		view.Steps = trace.Until(view.Steps, view.View.Until)
	}
	return view
}

// InspectorHeading says what the screen is for, and whether it is live.
func InspectorHeading(view Inspection) goapp.UI {
	return goapp.Div().Class("build-head").Body(
		goapp.H1().Class("display", "display-small").Text(text.Say.InspectorHeading),
		goapp.P().Class("lede").Text(text.Say.InspectorLede),
		live(view.Opened == nil && view.Stream == state.StreamLive, streamText(view)).ID(IDStream),
	)
}

func streamText(view Inspection) string {
	if view.Opened != nil {
		return text.Say.TraceFile + view.FileName
	}
	switch view.Stream {
	case state.StreamAbsent:
		return text.Say.TraceOff
	case state.StreamConnecting:
		return text.Say.TraceConnecting
	case state.StreamLive:
		return text.Say.TraceLive
	case state.StreamLost:
		return text.Say.TraceLost
	case state.StreamFailed:
		return text.Say.TraceFailed
	case state.StreamEnded:
		return text.Say.TraceEnded
	default:
		return text.Say.TraceStopped
	}
}

// Watch is the card of what can be made to happen: a sign-in for those who have no session, all the rest for the others.
func Watch(view Inspection) goapp.UI {
	card := goapp.Section().ID(IDWatch).Class("card", "watch").Aria("labelledby", "watch-heading")
	heading := goapp.H2().ID("watch-heading").Text(text.Say.WatchHeading)
	switch {
	case !view.Held():
		return card.Body(heading,
			goapp.P().Class("quiet").Text(text.Say.InspectorVisitor),
			SignInLinks(view.Providers, PathInspector),
			signOutThere(view),
		)
	case view.Stream == state.StreamAbsent:
		return card.Body(heading, goapp.P().Class("quiet").Text(text.Say.TraceOffDetail))
	}
	return card.Body(heading,
		goapp.Div().Class("choices").Body(
			quietButton(IDWatchSignIn, text.Say.WatchSignIn, view.Doing == state.WatchSignIn, view.Do.SignIn),
			quietButton(IDWatchCall, text.Say.WatchCall, view.Doing == state.WatchCall, view.Do.Call),
			quietButton(IDWatchRefresh, text.Say.WatchRefresh, view.Doing == state.WatchRefresh, view.Do.Refresh),
			quietButton(IDWatchSignOut, text.Say.WatchSignOut, view.Doing == state.WatchSignOut, view.Do.SignOut),
		),
		when(view.Stream == state.StreamFailed, func() goapp.UI {
			return goapp.Button().ID(IDReconnect).Class("link-button").Type("button").OnClick(view.Do.Reconnect).Text(text.Say.Reconnect)
		}),
		stepMode(view),
	)
}

func signOutThere(view Inspection) goapp.UI {
	return when(view.SignOutURL != "", func() goapp.UI {
		return goapp.P().Class("more").Body(
			goapp.Span().Text(text.Say.SignOutThere+" "),
			goapp.A().ID(IDSignOutThere).Href(view.SignOutURL).Text(text.Say.SignOutThere2),
		)
	})
}

// stepMode is the switch, what is held, and the button that lets it go.
func stepMode(view Inspection) goapp.UI {
	on, label := view.Server.Stepping, text.Say.StepModeOff
	if on {
		label = text.Say.StepModeOn
	}
	return goapp.Div().Class("stepping").Body(
		goapp.Button().ID(IDStepping).Class("switch").Type("button").Role("switch").Aria("checked", strconv.FormatBool(on)).
			Aria("describedby", "stepping-detail").OnClick(view.Do.Stepping).Body(
			goapp.Span().Class("switch-name").Text(text.Say.StepMode),
			goapp.Span().Class("switch-track").Aria("hidden", "true"),
			goapp.Span().Class("switch-state").Text(label),
		),
		goapp.P().ID("stepping-detail").Class("quiet").Text(text.Say.StepModeDetail),
		goapp.P().ID(IDHeld).Class("held").Role("status").Text(heldText(view)),
		when(view.Server.Held != "", func() goapp.UI {
			return goapp.Div().Class("choices").Body(
				goapp.Button().ID(IDNext).Class("button", "button-small").Type("button").OnClick(view.Do.Next).Text(text.Say.StepNext),
				goapp.P().Class("held-left").Role("timer").Text(text.Say.StepLeft+clock(view.HeldFor())),
			)
		}),
	)
}

func heldText(view Inspection) string {
	switch {
	case view.Server.Held != "":
		return text.Say.StepHeld + text.Say.Holds[view.Server.Held]
	case view.Server.Stepping:
		return text.Say.StepNothing
	default:
		return ""
	}
}

// Waiting reports whether there is nothing to look at yet, although there may be in a moment.
func (v Inspection) Waiting() bool {
	return v.Held() && v.Stream != state.StreamAbsent && len(v.Flows) == 0
}

// FlowList is what can be looked at.
func FlowList(view Inspection) goapp.UI {
	if view.Waiting() {
		return goapp.Section().Class("flows").Aria("labelledby", "flows-heading").Body(
			goapp.H2().ID("flows-heading").Text(text.Say.FlowsHeading),
			goapp.P().Class("flows-empty", "quiet").Text(text.Say.FlowsEmpty),
		)
	}
	if len(view.Flows) == 0 {
		return nil
	}
	rows := make([]goapp.UI, 0, len(view.Flows))
	for i := len(view.Flows) - 1; i >= 0; i-- {
		rows = append(rows, flowRow(view, view.Flows[i]))
	}
	return goapp.Section().Class("flows").Aria("labelledby", "flows-heading").Body(
		goapp.H2().ID("flows-heading").Text(text.Say.FlowsHeading),
		goapp.Ul().ID(IDFlows).Class("flow-list").Body(rows...),
	)
}

func flowRow(view Inspection, flow trace.Flow) goapp.UI {
	button := goapp.Button().Class("flow", "flow-"+string(flow.Kind)).Type("button").
		OnClick(view.Do.Choose(flow.ID), goapp.EventScope(flow.ID)).Body(
		goapp.Elem("strong").Text(text.Say.FlowKinds[flow.Kind]),
		goapp.Span().Class("instant").Text(flow.Began.Local().Format(text.Say.ClockLayout)),
		goapp.Span().Class("flow-count").Text(messageCount(len(flow.Events))),
	)
	if flow.ID == view.Flow.ID {
		button = button.Aria("current", "true")
	}
	return goapp.Li().Body(button)
}

func messageCount(n int) string {
	if n == 1 {
		return text.Say.OneMessage
	}
	return strconv.Itoa(n) + text.Say.Messages
}
