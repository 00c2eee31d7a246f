// Package component holds the parts that the screens are made of: functions from values to elements. They own the
// markup, the ids and the classes; they hold no state, and decide nothing.
//
// The page's content security policy forbids inline styles, so there is no Style here: web/app.css has the looks, by
// class. Prerendering writes elements with white space between them and does not escape attributes: so an element has
// either one text or elements in it, never both, and the attributes of prerendered elements are constants.
//
// Start with [Shell].
package component

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
)

// The ids of elements that scripts, tests and the loader rely on.
const (
	IDMain     = "main"
	IDStatus   = "status"
	IDAlert    = "alert"
	IDRetry    = "retry"
	IDSignIn   = "sign-in"
	IDSignOut  = "sign-out"
	IDUserName = "user-name"
	IDNotes    = "notes"
	IDNoteText = "note-text"
	IDNoteAdd  = "note-add"

	IDNotesClear = "notes-clear"
	IDClearYes   = "notes-clear-yes"
	IDStepUp     = "step-up"

	IDExtend     = "extend"
	IDExpiring   = "expiring"
	IDRefresh    = "refresh"
	IDExpire     = "expire"
	IDSessions   = "sessions"
	IDEndOthers  = "end-others"
	IDSignOutAll = "sign-out-all"
	IDDocument   = "document"

	IDStream       = "stream"
	IDWatch        = "watch"
	IDWatchSignIn  = "watch-sign-in"
	IDWatchCall    = "watch-call"
	IDWatchRefresh = "watch-refresh"
	IDWatchSignOut = "watch-sign-out"
	IDReconnect    = "reconnect"
	IDSignOutThere = "sign-out-there"
	IDStepping     = "stepping"
	IDHeld         = "held"
	IDNext         = "next"
	IDFlows        = "flows"
	IDSteps        = "steps"
	IDSeatSays     = "seat-says"
	IDPlay         = "play"
	IDTour         = "tour"
	IDCompare      = "compare"
	IDCompareWith  = "compare-with"
	IDCompared     = "compared"
	IDFiles        = "files"
	IDOpenFile     = "open-file"
	IDCloseFile    = "close-file"
)

// The permanent URLs of the screens.
const (
	PathHome      = "/"
	PathSession   = "/session"
	PathInspector = "/inspector"
	ParameterTour = "tour" // of the inspector
	PathBuild     = "/build"
)

// RouteLink is the attribute of links that the app follows in place. All others are navigations that the server sees.
const RouteLink = "route"

// quietButton is a button among others. While what it asked for is under way, it says so.
func quietButton(id, label string, busy bool, handler goapp.EventHandler) goapp.UI {
	if busy {
		label = text.Say.Working
	}
	return goapp.Button().ID(id).Class("button", "button-quiet", "button-small").Type("button").OnClick(handler).Text(label)
}

// live says whether a stream of events is there.
func live(on bool, sentence string) goapp.HTMLP {
	class := "live-off"
	if on {
		class = "live-on"
	}
	return goapp.P().Class("live", class).Text(sentence)
}

func when(condition bool, element func() goapp.UI) goapp.UI {
	if !condition {
		return nil
	}
	return element()
}
