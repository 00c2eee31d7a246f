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

// Session is the screen about the session: how long, what who knows, and where else the user is signed in.
type Session struct {
	goapp.Compo
	visit
	copying

	state    state.Session
	density  state.Density
	readable string
	clock    func() // stops it; nil while there is none
}

// NewSession returns the screen.
func NewSession(world World) *Session {
	session := &Session{visit: visit{World: world}}
	session.visited, session.entered, session.left = &session.state, session.enter, session.unfollow
	session.say = func(status string) { session.state.Status = status }
	session.state.Providers = world.Facts.Providers
	session.density = state.Developer
	session.begin()
	return session
}

// OnMount asks who is signed in.
func (s *Session) OnMount(ctx goapp.Context) {
	s.density = s.remembered()
	s.mount(ctx, text.Say.SessionTitle+text.Say.TitleEnd)
}

func (s *Session) choose(density state.Density) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) {
		s.density = density
		s.remember(density)
	}
}

// enter starts what runs while there is a session: the clock, the events and the list of sessions.
func (s *Session) enter(document api.Session) {
	s.state.Received(document, s.Browser.Now())
	s.readable = s.Browser.Readable()
	s.clock = s.Browser.Every(time.Second, func(now time.Time) {
		dispatched(s.screen, func() { s.tick(now) })
	})
	if document.Links.Events != "" {
		s.follow(stream{path: document.Links.Events, begin: s.state.Follow, heard: s.happened})
	}
	s.list()
}

func (s *Session) unfollow() {
	s.ignore()
	if s.clock != nil {
		s.clock()
		s.clock = nil
	}
}

func (s *Session) tick(now time.Time) {
	if s.state.Tick(now) {
		s.reread()
	}
}

func (s *Session) happened(event backend.Event) {
	if s.state.Happened(event, s.Browser.Now()) {
		s.reread()
	}
	if !s.state.Held() {
		s.unfollow()
	}
}

// reread asks for the session without being asked to.
func (s *Session) reread() {
	s.current(func(ctx context.Context) func() {
		document, err := s.Backend.Session(ctx)
		return func() {
			s.state.Reread(document, s.Browser.Now(), err)
			if !s.state.Held() {
				s.unfollow()
			}
		}
	})
}

func (s *Session) list() {
	s.state.LoadSessions()
	s.current(func(ctx context.Context) func() {
		sessions, err := s.Backend.Sessions(ctx)
		return func() { s.state.Listed(sessions, err) }
	})
}

func (s *Session) retryList(goapp.Context, goapp.Event) {
	s.list()
	s.Browser.Focus(component.IDSessions) // the button that had the focus is gone
}

// stay extends the session from the warning, which goes with its button: the same button is at the clock.
func (s *Session) stay(ctx goapp.Context, event goapp.Event) {
	s.extend(ctx, event)
	s.Browser.Focus(component.IDExtend)
}

func (s *Session) extend(goapp.Context, goapp.Event) {
	s.renew(state.Extending, s.Backend.Extend)
}

func (s *Session) refresh(goapp.Context, goapp.Event) {
	s.renew(state.Renewing, s.Backend.Refresh)
}

func (s *Session) expire(goapp.Context, goapp.Event) {
	s.renew(state.Spending, s.Backend.Expire)
}

func (s *Session) renew(action state.Action, call func(context.Context) (api.Session, error)) {
	if !s.state.Begin(action) {
		return
	}
	s.current(func(ctx context.Context) func() {
		document, err := call(ctx)
		return func() { s.state.Renewed(action, document, s.Browser.Now(), err) }
	})
}

func (s *Session) endOne(handle string) goapp.EventHandler {
	return func(goapp.Context, goapp.Event) {
		s.end(state.Action(handle), func(ctx context.Context) error { return s.Backend.EndSession(ctx, handle) })
	}
}

func (s *Session) endOthers(goapp.Context, goapp.Event) {
	s.end(state.EndOthers, s.Backend.EndOtherSessions)
}

func (s *Session) end(action state.Action, call func(context.Context) error) {
	if !s.state.Begin(action) {
		return
	}
	s.current(func(ctx context.Context) func() {
		err := call(ctx)
		return func() {
			if s.state.Ended(action, err) {
				s.Browser.Focus(component.IDSessions) // the button that had the focus is gone
			}
		}
	})
}

// signOutAll ends the others first and this session last, by a sign-out: that one ends the session at the provider too.
func (s *Session) signOutAll(goapp.Context, goapp.Event) {
	if s.state.BeginSignOut() {
		s.logout(s.Backend.EndOtherSessions)
	}
}

// Render draws the state.
func (s *Session) Render() goapp.UI {
	if !s.state.Held() {
		return component.Shell(component.PathSession, nil,
			goapp.Div().Class("column").Body(
				component.Status(s.state.Status, tone(&s.state.Visit)),
				component.Alert(s.state.Alert, component.PathSession, s.retry),
				component.SessionVisitor(s.state.Providers),
			),
			component.Picture(&s.state.Visit),
		)
	}
	handlers := component.SessionHandlers{
		Extend: s.extend, Refresh: s.refresh, Expire: s.expire, End: s.endOne, EndOthers: s.endOthers,
		Retry:   s.retryList,
		SignOut: s.signOut, SignOutAll: s.signOutAll,
	}
	action := component.SignOut(s.state.Phase == state.Leaving, s.signOut)
	parts := []goapp.UI{
		component.Status(s.state.Status, tone(&s.state.Visit)),
		component.Alert(s.state.Alert, component.PathSession, s.retry),
		component.Expiring(&s.state, s.stay),
		component.SessionHeading(&s.state),
		component.DensityControl(s.density, s.choose),
	}
	// Who asks for it plainly wants to know who they are, for how long and where else: not what is behind the counter.
	if s.density == state.Plain {
		parts = append(parts, component.PlainClocks(&s.state, handlers), component.Sessions(&s.state, handlers))
	} else {
		parts = append(parts,
			component.Clocks(&s.state, handlers),
			component.Knowledge(&s.state, s.readable),
			component.Sessions(&s.state, handlers),
			component.Papers(&s.state, s.copier(&s.copying)),
		)
	}
	return component.Shell(component.PathSession, action, goapp.Div().Class("wide", "density-"+string(s.density)).Body(parts...))
}
