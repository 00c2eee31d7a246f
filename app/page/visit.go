package page

import (
	"context"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/component"
	"cloakroom/bff/api"
)

// visited is the part of a screen's state that is about the session.
type visited interface {
	Check() int
	Checked(check int, session api.Session, err error) bool
	SignInFailed(code api.Code)
	BeginSignOut() bool
	SignedOutBy(err error) bool
	GaveBack()
	Asked() int
	Reached()
	Held() bool
	Gone()
	Differs(session api.Session) bool
}

// visit is what every screen does about the session: ask who is there, and sign out.
type visit struct {
	World

	visited visited
	entered func(session api.Session) // the user is signed in
	left    func()                    // they are not any more
	changed func(session api.Session) // another tab signed out, or in; nil asks anew
	// screen is this component's context. What outlives an event runs in it: an event's own context ends with the element
	// that it came from, such as a button that the next frame removes.
	screen   goapp.Context
	unlisten []func() // what tells of the page
	asking   bool     // about the session, as the user has turned to the page again
	stream   stream
}

// begin is before the first frame. That tells a visitor at once that they are one, when it is known; what is a user's needs the window.
func (v *visit) begin() {
	check := v.visited.Check()
	if v.First != nil && v.First.Err == nil && !v.First.Session.Authenticated {
		v.visited.Checked(check, v.First.Session, nil)
	}
}

// mount asks who is signed in, if that is not known, and asks again whenever the page comes back from the back/forward cache, or the
// user to it: by then the session may have ended, and another user's begun.
func (v *visit) mount(ctx goapp.Context, title string) {
	v.screen = ctx
	v.Browser.Enter(title)
	v.unlisten = []func(){
		v.Browser.OnRestore(func() { dispatched(v.screen, v.check) }),
		v.Browser.OnTurn(func() { dispatched(v.screen, v.turned) }),
	}
	if v.First == nil {
		v.check()
	}
	v.visited.SignInFailed(api.Code(v.Browser.TakeParameter(api.ErrorParameter)))
	if v.First != nil {
		dispatched(ctx, func() { v.answered(v.visited.Asked(), v.First.Session, v.First.Err) })
	}
}

// OnDismount stops listening.
func (v *visit) OnDismount() {
	for _, stop := range v.unlisten {
		stop()
	}
	v.leave()
}

func (v *visit) leave() {
	if v.left != nil {
		v.left()
	}
}

// later runs call off the event goroutine, as it waits for an answer, and then what call returned on it.
func (v *visit) later(call func(ctx context.Context) (then func())) {
	v.screen.Async(func() {
		then := call(v.screen)
		dispatched(v.screen, then)
	})
}

// current is later for what is asked of the session that is shown: its answer is dropped once the page has asked who is there anew.
func (v *visit) current(call func(ctx context.Context) (then func())) {
	asked := v.visited.Asked()
	v.later(func(ctx context.Context) func() {
		then := call(ctx)
		return func() {
			if v.visited.Asked() == asked {
				then()
			}
		}
	})
}

func (v *visit) turned() {
	if v.Browser.Hidden() {
		v.rest()
		return
	}
	v.returned()
}

// returned asks, without a word, whether the session that is shown is still the one that this browser holds: a call from a page that
// shows one user would be made as the other. An outage says nothing about that.
func (v *visit) returned() {
	if v.asking { // the tab and its window tell
		return
	}
	v.asking = true
	asked := v.visited.Asked()
	v.later(func(ctx context.Context) func() {
		session, err := v.Backend.Session(ctx)
		return func() {
			v.asking = false
			switch {
			case v.visited.Asked() != asked:
			case err != nil:
				v.listen()
			case !v.visited.Differs(session):
				v.visited.Reached()
				v.listen()
			case v.changed != nil:
				v.changed(session)
			case v.visited.Held() && !session.Authenticated:
				v.visited.Gone()
				v.leave()
			default:
				v.check()
			}
		}
	})
}

func (v *visit) check() {
	v.leave()
	check := v.visited.Check()
	v.later(func(ctx context.Context) func() {
		session, err := v.Backend.Session(ctx)
		return func() { v.answered(check, session, err) }
	})
}

func (v *visit) answered(check int, session api.Session, err error) {
	torn := v.Browser.TakeKept(keyTorn) != ""
	switch {
	case v.visited.Checked(check, session, err):
		v.entered(session)
	case torn:
		v.visited.GaveBack()
	}
}

// retry asks again. The button that had the focus is gone.
func (v *visit) retry(goapp.Context, goapp.Event) {
	v.check()
	v.Browser.Focus(component.IDMain)
}

func (v *visit) signOut(goapp.Context, goapp.Event) {
	if v.visited.BeginSignOut() {
		v.logout(func(context.Context) error { return nil })
	}
}

// logout ends the session here, after what comes first has worked.
func (v *visit) logout(first func(context.Context) error) {
	v.later(func(ctx context.Context) func() {
		var out api.LoggedOut
		err := first(ctx)
		if err == nil {
			out, err = v.Backend.Logout(ctx)
		}
		return func() {
			if v.visited.SignedOutBy(err) {
				v.leave()
				// After this frame: a page kept for the back button must not show the user any more.
				v.screen.Defer(func(goapp.Context) { v.signedOut(out.LogoutURL) })
			}
		}
	})
}

// keyTorn is kept for the page that the provider sends the browser back to. It is a new one, and tells how the sign-out ended.
const keyTorn = "cloakroom-torn"

// signedOut goes on to the provider, to end the session there, or stays and leaves the button that is gone.
func (v *visit) signedOut(logoutURL string) {
	if logoutURL != "" {
		v.Browser.Keep(keyTorn, "yes")
		v.Browser.Assign(logoutURL)
		return
	}
	v.Browser.Focus(component.IDMain)
}
