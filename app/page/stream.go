package page

import "cloakroom/app/backend"

// stream is what a screen listens to while there is a session. The zero value is none.
type stream struct {
	path  string
	begin func() // says that it is about to be there
	heard func(event backend.Event)
	// needed says that somebody has to listen although nobody sees the page; nil is never.
	needed func() bool

	stop func() // nil while nobody listens
}

// follow listens to a stream of the session that is shown. A page that is hidden, such as a tab behind others, rests: the server
// gives a session two streams, and tabs may be many. It listens again once the user has turned to it and the server said that the
// session is still the same: of one that is over there is no stream, and to ask for it would be an error.
func (v *visit) follow(stream stream) {
	v.ignore()
	v.stream = stream
	v.stream.begin()
	v.listen()
}

func (v *visit) listen() {
	if v.stream.path == "" || v.stream.stop != nil || v.unseen() {
		return
	}
	listens, heard := true, v.stream.heard
	stop := v.Browser.Listen(v.stream.path, func(event backend.Event) {
		dispatched(v.screen, func() {
			if listens {
				heard(event)
			}
		})
	})
	v.stream.stop = func() {
		listens = false
		stop()
	}
}

// rest stops listening while nobody sees the page. The stream of a session that is over says the last of it, and ends by itself.
func (v *visit) rest() {
	if v.stream.stop == nil || !v.visited.Held() || !v.unseen() {
		return
	}
	v.stream.stop()
	v.stream.stop = nil
	v.stream.begin()
}

func (v *visit) unseen() bool {
	return v.Browser.Hidden() && (v.stream.needed == nil || !v.stream.needed())
}

// ignore stops listening for good.
func (v *visit) ignore() {
	if v.stream.stop != nil {
		v.stream.stop()
	}
	v.stream = stream{}
}
