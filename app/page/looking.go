package page

import (
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/component"
	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/app/trace"
)

// playPause is how long each message is shown while the flow plays.
const playPause = 1200 * time.Millisecond

func (i *Inspector) seat(seat trace.Seat) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) { i.state.View.Seat = seat }
}

func (i *Inspector) density(density state.Density) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) {
		i.state.View.Density = density
		i.remember(density)
	}
}

func (i *Inspector) point(ref string) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) { i.state.View.Point(ref) }
}

func (i *Inspector) pin(ref string) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) { i.state.View.Pin(ref) }
}

// play shows the flow message by message, until its end or until it is stopped.
func (i *Inspector) play(goapp.Context, goapp.Event) { i.playOrStop() }

func (i *Inspector) playOrStop() {
	i.tour = false
	i.stopPlaying()
	i.state.View.Play()
	if !i.state.View.Playing {
		return
	}
	i.player = i.Browser.Every(playPause, func(time.Time) { dispatched(i.screen, i.played) })
	i.state.Event = ""
	i.state.NowPlaying()
}

// awaitTour waits for what the trace holds already, which comes event by event, and plays the newest sign-in then.
func (i *Inspector) awaitTour() {
	if !i.tour || i.player != nil || len(i.state.Flows()) == 0 {
		return
	}
	i.player = i.Browser.Every(playPause, func(time.Time) {
		dispatched(i.screen, func() {
			if i.tour {
				i.state.ChooseSignIn()
				i.playOrStop()
				i.address()
			}
		})
	})
}

func (i *Inspector) played() {
	if !i.state.View.Playing {
		i.stopPlaying() // something else is to be looked at meanwhile
		return
	}
	if !i.state.View.Played(len(i.state.Shown())) {
		i.stopPlaying()
		i.state.Status = text.Say.PlayedAll
		return
	}
	i.state.NowPlaying()
}

func (i *Inspector) stopPlaying() {
	if i.player != nil {
		i.player()
		i.player = nil
	}
}

func (i *Inspector) against(goapp.Context, goapp.Event) {
	i.state.View.Against = i.Browser.FieldValue(component.IDCompareWith)
}

// export saves what is shown. It is made here, from what is in this page: no server is asked for it.
func (i *Inspector) export(form string) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) {
		name, mediaType, content := i.made(form)
		if content == "" {
			return
		}
		i.Browser.Save(name, mediaType, content)
		i.state.Status = text.Say.StatusSaved
	}
}

func (i *Inspector) made(form string) (name, mediaType, content string) {
	events := i.state.Shown()
	switch form {
	case component.FormHAR:
		encoded, _ := trace.HAR(events, text.Say.Product, text.Say.HARComment) // strings and numbers
		return "cloakroom.har", "application/json", string(encoded)
	case component.FormMermaid:
		return "cloakroom.mmd", "text/plain", trace.Mermaid(events, text.Say.Parties)
	case component.FormCurl:
		return "cloakroom.sh", "text/plain", trace.Curl(events)
	default:
		encoded, _ := trace.Write(i.state.File(i.Browser.Now())) // came as JSON
		return "cloakroom-trace.json", "application/json", string(encoded)
	}
}

func (i *Inspector) open(goapp.Context, goapp.Event) {
	i.Browser.ReadFile(component.IDOpenFile, trace.MaxFile, func(name string, content []byte, err error) {
		dispatched(i.screen, func() {
			i.state.Open(name, content, err)
			i.address()
		})
	})
}

func (i *Inspector) close(goapp.Context, goapp.Event) {
	i.state.Close()
	i.address()
	i.Browser.Focus(component.IDOpenFile) // the button that had the focus is gone
}

// Render draws the state.
func (i *Inspector) Render() goapp.UI {
	view := component.Inspect(&i.state, component.InspectorHandlers{
		SignIn: i.signIn, Call: i.call, Refresh: i.refresh, SignOut: i.signOut, Reconnect: i.reconnect,
		Choose: i.choose, Toggle: i.toggle, Stepping: i.stepping, Next: i.next,
		Seat: i.seat, Density: i.density, Point: i.point, Pin: i.pin, Play: i.play,
		Against: i.against, Export: i.export, Open: i.open, Close: i.close,
	})
	parts := []goapp.UI{
		component.Status(i.state.Status, tone(&i.state.Visit)),
		component.Alert(i.state.Alert, component.PathInspector, i.retry),
		component.InspectorHeading(view),
		component.Watch(view),
		component.FlowList(view),
	}
	if !view.Waiting() {
		parts = append(parts, component.Controls(view), component.FlowView(view), component.Compare(view), component.Files(view))
	}
	// What a user sees takes the place of what a visitor sees as a whole, so that nothing is pushed around.
	density := "density-" + string(i.state.View.Density)
	if i.state.Held() {
		return component.Shell(component.PathInspector, nil, goapp.Section().Class("wide", "inspector", density).Body(parts...))
	}
	return component.Shell(component.PathInspector, nil, goapp.Div().Class("wide", "inspector", density).Body(parts...))
}
