package page

import (
	"context"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// Inspector is the screen that shows the flows of the session, message by message.
type Inspector struct {
	goapp.Compo
	visit

	state  state.Inspector
	others func() // stops what tells of sign-ins elsewhere
	ticker func() // stops the clock, which runs while something is held
	player func() // stops the playing
	let    bool   // the user let go what is held
	steps  bool   // step mode was switched on here
	tour   bool   // the newest sign-in is played as soon as it is here
}

// NewInspector returns the screen.
func NewInspector(world World) *Inspector {
	inspector := &Inspector{visit: visit{World: world}}
	inspector.visited, inspector.entered, inspector.left = &inspector.state, inspector.enter, inspector.unfollow
	inspector.changed = func(session api.Session) { inspector.heed(session, nil) }
	inspector.state.Providers = world.Facts.Providers
	inspector.state.View.Density = state.Developer
	inspector.begin()
	return inspector
}

// OnMount asks who is signed in.
func (i *Inspector) OnMount(ctx goapp.Context) {
	i.state.Flow, i.state.Event = i.Browser.Parameter(parameterFlow), i.Browser.Parameter(parameterEvent)
	i.tour = i.Browser.TakeParameter(component.ParameterTour) != ""
	i.keepSteps(i.Browser.TakeKept(keySteps) != "")
	i.state.View.Density = i.remembered()
	i.mount(ctx, text.Say.InspectorTitle+text.Say.TitleEnd)
}

// What of the screen is in its address, so that a reload comes back to it.
const (
	parameterFlow  = "flow"
	parameterEvent = "message"
)

// enter starts to listen to the trace of the session that there is now.
func (i *Inspector) enter(session api.Session) {
	i.others = i.Browser.OnSignIn(func(code api.Code) {
		dispatched(i.screen, func() { i.signedIn(code) })
	})
	path := i.state.Entered(session, i.Browser.Now())
	i.address() // of another user's flow nothing stays
	if path != "" {
		i.follow(stream{path: path, begin: i.state.Follow, heard: i.happened, needed: i.stepsHere})
	}
}

func (i *Inspector) unfollow() {
	i.ignore()
	if i.others != nil {
		i.others()
		i.others = nil
	}
	i.stopTicking()
	i.stopPlaying()
}

func (i *Inspector) stopTicking() {
	if i.ticker != nil {
		i.ticker()
		i.ticker = nil
	}
}

func (i *Inspector) happened(event backend.Event) {
	if i.state.Happened(event, i.Browser.Now()) {
		i.reread()
	}
	if event.Name == api.EventTraceState && !i.state.Server.Stepping {
		i.keepSteps(false)
	}
	i.awaitTour()
	switch {
	case i.state.Server.Held == "":
		i.stopTicking()
		if i.let {
			i.let = false
			i.Browser.Focus(component.IDStepping) // the button that had the focus is gone
		}
	case i.ticker == nil:
		i.ticker = i.Browser.Every(time.Second, func(now time.Time) {
			dispatched(i.screen, func() { i.state.Tick(now) })
		})
	}
}

// reread asks for the session when something has happened to it. A new one has a trace of its own.
func (i *Inspector) reread() {
	i.later(func(ctx context.Context) func() {
		session, err := i.Backend.Session(ctx)
		return func() { i.heed(session, err) }
	})
}

// heed takes the answer.
func (i *Inspector) heed(session api.Session, err error) {
	held, other := i.state.Reread(session, err)
	switch {
	case !held:
		i.unfollow()
	case other:
		i.unfollow()
		i.enter(session)
	}
}

func (i *Inspector) reconnect(ctx goapp.Context, event goapp.Event) { i.retry(ctx, event) }

// signIn starts a sign-in in a window of its own, so that this screen stays to watch it.
func (i *Inspector) signIn(goapp.Context, goapp.Event) {
	if !i.state.Begin(state.WatchSignIn) {
		return
	}
	i.address()
	if !i.Browser.Popup(state.WatchLoginURL(i.state.Provider)) {
		i.state.Did(text.Say.PopupBlocked, nil)
		return
	}
	i.state.Status = text.Say.SigningInWith
}

// signedIn hears that a sign-in in another window is over.
func (i *Inspector) signedIn(code api.Code) {
	i.state.Did(text.Say.StatusSignedIn, nil)
	i.state.SignInFailed(code)
	if code == "" {
		i.reread()
	}
}

func (i *Inspector) call(goapp.Context, goapp.Event) {
	i.watch(state.WatchCall, text.Say.Called, i.Backend.CallAPI)
}

func (i *Inspector) refresh(goapp.Context, goapp.Event) {
	i.watch(state.WatchRefresh, text.Say.StatusRefreshed, func(ctx context.Context) error {
		_, err := i.Backend.Refresh(ctx)
		return err
	})
}

func (i *Inspector) watch(watched state.Watched, status string, call func(context.Context) error) {
	if !i.state.Begin(watched) {
		return
	}
	i.address()
	i.later(func(ctx context.Context) func() {
		err := call(ctx)
		return func() { i.state.Did(status, err) }
	})
}

// signOut ends the session and stays: there is something to see. The provider is told by a link of its own.
func (i *Inspector) signOut(goapp.Context, goapp.Event) {
	if !i.state.Begin(state.WatchSignOut) || !i.state.BeginSignOut() {
		return
	}
	i.address()
	i.later(func(ctx context.Context) func() {
		out, err := i.Backend.Logout(ctx)
		return func() {
			if i.state.SignedOutBy(err) {
				i.state.SignOutURL = out.LogoutURL
				i.Browser.Focus(component.IDMain) // the button that had the focus is gone
			}
		}
	})
}

func (i *Inspector) stepping(goapp.Context, goapp.Event) {
	on := !i.state.Server.Stepping
	i.later(func(ctx context.Context) func() {
		err := i.Backend.SetStepping(ctx, on)
		return func() {
			i.state.Stepped(err)
			if err == nil {
				i.keepSteps(on)
			}
		}
	})
}

func (i *Inspector) next(goapp.Context, goapp.Event) {
	i.let = true
	i.later(func(ctx context.Context) func() {
		err := i.Backend.Step(ctx)
		return func() { i.state.Stepped(err) }
	})
}

func (i *Inspector) choose(flow string) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) {
		i.state.Choose(flow)
		i.address()
	}
}

func (i *Inspector) toggle(event string) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) {
		i.state.Toggle(event)
		i.address()
	}
}

// address puts what is shown into the page's address.
func (i *Inspector) address() {
	i.Browser.SetParameter(parameterFlow, i.state.Flow)
	i.Browser.SetParameter(parameterEvent, i.state.Event)
}
