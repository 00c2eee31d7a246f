package component

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// SessionHandlers are what the user can do with sessions.
type SessionHandlers struct {
	Extend, Refresh     goapp.EventHandler
	Expire              goapp.EventHandler // where that is demonstrated
	End                 func(handle string) goapp.EventHandler
	EndOthers, Retry    goapp.EventHandler
	SignOut, SignOutAll goapp.EventHandler
}

// SessionVisitor is what the session screen says when there is no session.
func SessionVisitor(providers []api.Provider) goapp.UI {
	return goapp.Section().Class("pitch", "pitch-narrow").Body(
		goapp.H1().Class("display", "display-small").Text(text.Say.SessionVisitor),
		goapp.P().Class("lede").Text(text.Say.SessionLede),
		SignInLinks(providers, PathSession),
		goapp.P().Class("promise").Text(text.Say.SessionFootnote),
	)
}

// SessionHeading says who is signed in, with whom and since when.
func SessionHeading(session *state.Session) goapp.UI {
	return goapp.Div().Class("session-head").Body(
		goapp.H1().Class("display", "display-small").Text(text.Say.SessionHeading),
		goapp.P().Class("session-who").Body(
			goapp.Elem("strong").ID(IDUserName).Class("user-name").Text(session.User),
			goapp.Span().Text(text.Say.SignedInWith+providerName(session)),
			when(session.Document.Expiry != nil, func() goapp.UI {
				return instant(text.Say.SignedInAt, session.Document.Expiry.CreatedAt)
			}),
		),
		live(session.Live == state.LiveOn, liveText(session.Live)),
	)
}

func providerName(session *state.Session) string {
	for _, provider := range session.Providers {
		if provider.ID == session.Provider {
			return provider.Name
		}
	}
	return session.Provider
}

func liveText(live state.Live) string {
	switch live {
	case state.LiveOn:
		return text.Say.LiveOn
	case state.LiveConnecting:
		return text.Say.LiveConnecting
	case state.LiveDegraded:
		return text.Say.LiveDegraded
	default:
		return text.Say.LiveOff
	}
}

// Expiring is the polite warning that the session ends soon. It keeps its place, so that it is read out when it appears.
func Expiring(session *state.Session, extend goapp.EventHandler) goapp.UI {
	frame := goapp.Div().Class("alert-place").Role("status")
	soon, final := session.Warning()
	if !soon {
		return frame
	}
	title, detail := text.Say.ExpiringTitle, text.Say.ExpiringDetail
	action := goapp.UI(goapp.Button().ID(IDExpiring).Class("button", "button-small").Type("button").OnClick(extend).Text(text.Say.Extend))
	if final {
		title, detail = text.Say.FinalTitle, text.Say.FinalDetail
		action = goapp.A().ID(IDExpiring).Class("button", "button-small").Href(state.LoginURL("", PathSession)).Text(text.Say.SignInAgain)
	}
	return frame.Body(goapp.Div().Class("alert", "alert-wide").Body(
		goapp.Div().Class("alert-words").Body(
			goapp.Elem("strong").Class("alert-title").Text(title),
			goapp.P().Text(detail),
		),
		action,
	))
}

// PlainClocks are the two ends that a user has to know of, counting down.
func PlainClocks(session *state.Session, handlers SessionHandlers) goapp.UI {
	return goapp.Div().Class("clocks").Body(sessionClocks(session, ends(session), handlers)...)
}

func ends(session *state.Session) *api.Expiry {
	if expiry := session.Document.Expiry; expiry != nil {
		return expiry
	}
	return &api.Expiry{}
}

func sessionClocks(session *state.Session, expiry *api.Expiry, handlers SessionHandlers) []goapp.UI {
	return []goapp.UI{
		countdown(session, "clock-bff", text.Say.IdleLeft, text.Say.IdleDetail, expiry.Idle,
			quietButton(IDExtend, text.Say.Extend, session.Doing == state.Extending, handlers.Extend)),
		countdown(session, "clock-bff", text.Say.AbsoluteLeft, text.Say.AbsoluteDetail, expiry.Absolute, nil),
	}
}

// Clocks are the three ends that a session has, counting down.
func Clocks(session *state.Session, handlers SessionHandlers) goapp.UI {
	expiry := ends(session)
	return goapp.Div().Class("clocks").Body(append(sessionClocks(session, expiry, handlers),
		countdown(session, "clock-token", text.Say.AccessTokenLeft, accessTokenDetail(session), expiry.AccessToken,
			goapp.Div().Class("clock-actions").Body(
				quietButton(IDRefresh, text.Say.Refresh, session.Doing == state.Renewing, handlers.Refresh),
				when(session.Document.Links.Expire != "", func() goapp.UI {
					return quietButton(IDExpire, text.Say.Expire, session.Doing == state.Spending, handlers.Expire)
				}),
			)),
	)...)
}

func accessTokenDetail(session *state.Session) string {
	expiry := session.Document.Expiry
	if expiry != nil && !expiry.AccessToken.IsZero() && session.Left(expiry.AccessToken) == 0 {
		return text.Say.Expired
	}
	return text.Say.AccessTokenDetail
}

func countdown(session *state.Session, class, label, detail string, end time.Time, button goapp.UI) goapp.UI {
	left := text.Say.UnknownTime
	if !end.IsZero() {
		left = clock(session.Left(end))
	}
	return goapp.Section().Class("clock", class).Aria("label", label).Body(
		goapp.H2().Class("clock-label").Text(label),
		goapp.P().Class("clock-left").Role("timer").Text(left),
		when(!end.IsZero(), func() goapp.UI { return instant("", end) }),
		goapp.P().Class("quiet").Text(detail),
		button,
	)
}

// instant is a time, in the user's own zone.
func instant(before string, at time.Time) goapp.UI {
	local := at.Local()
	return goapp.Time().Class("instant").DateTime(local.Format(time.RFC3339)).Text(before + local.Format(text.Say.TimeLayout))
}
