package backend

import (
	"syscall/js"

	"cloakroom/bff/api"
)

// closed is EventSource.readyState when the browser has given up, as it does when the answer is no stream.
const closed = 2

// events are those that a stream is listened to for, whichever it is: the session's or the trace.
var events = []string{
	api.EventHello, api.EventExpiring, api.EventExtended, api.EventRefreshed, api.EventDegraded, api.EventEnded,
	api.EventTrace, api.EventTraceState,
}

// Listen calls f with the events of a stream of this origin until it is stopped. The browser reconnects by itself, and says
// which event it had last (Last-Event-ID). A page that is left and kept for the back button listens no more: the server counts its
// streams, and the page asks for everything anew when it comes back.
func (Browser) Listen(path string, f func(Event)) (stop func()) {
	source := js.Global().Get("EventSource").New(path)
	heard := js.FuncOf(func(_ js.Value, args []js.Value) any {
		event := Event{Name: args[0].Get("type").String()}
		if data := args[0].Get("data"); data.Type() == js.TypeString {
			event.Data = data.String()
		}
		if event.Name == api.EventEnded { // the last: to ask again would only be refused
			source.Call("close")
		}
		f(event)
		return nil
	})
	failed := js.FuncOf(func(js.Value, []js.Value) any {
		name := EventLost
		if source.Get("readyState").Int() == closed {
			name = EventClosed
		}
		f(Event{Name: name})
		return nil
	})
	left := js.FuncOf(func(js.Value, []js.Value) any {
		source.Call("close")
		return nil
	})
	js.Global().Call("addEventListener", "pagehide", left)
	for _, name := range events {
		source.Call("addEventListener", name, heard)
	}
	source.Call("addEventListener", "error", failed)
	return func() {
		source.Call("close")
		for _, name := range events {
			source.Call("removeEventListener", name, heard)
		}
		source.Call("removeEventListener", "error", failed)
		js.Global().Call("removeEventListener", "pagehide", left)
		heard.Release()
		failed.Release()
		left.Release()
	}
}
