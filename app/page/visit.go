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
}

// visit is what every screen does about the session: ask who is there, and sign out.
type visit struct {
	World

	visited visited
	entered func(session api.Session) // the user is signed in
	left    func()                    // they are not any more
	// screen is this component's context. What outlives an event runs in it: an event's own context ends with the element
	// that it came from, such as a button that the next frame removes.
	screen goapp.Context
	stop   func()
}

// mount asks who is signed in, and asks again whenever the page comes back from the back/forward cache: by then the
// session may have ended.
func (v *visit) mount(ctx goapp.Context, title string) {
	v.screen = ctx
	v.Browser.Enter(title)
	v.visited.SignInFailed(api.Code(v.Browser.TakeParameter(api.ErrorParameter)))
	v.stop = v.Browser.OnRestore(func() { dispatched(v.screen, v.check) })
	v.check()
}

// OnDismount stops listening.
func (v *visit) OnDismount() {
	if v.stop != nil {
		v.stop()
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

func (v *visit) check() {
	v.leave()
	check := v.visited.Check()
	v.later(func(ctx context.Context) func() {
		session, err := v.Backend.Session(ctx)
		return func() {
			torn := v.Browser.TakeKept(keyTorn) != ""
			switch {
			case v.visited.Checked(check, session, err):
				v.entered(session)
			case torn:
				v.visited.GaveBack()
			}
		}
	})
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
