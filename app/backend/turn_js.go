package backend

import "syscall/js"

// Hidden reports whether nobody can see the page, as in a tab behind another.
func (Browser) Hidden() bool { return js.Global().Get("document").Get("hidden").Bool() }

// OnTurn calls f whenever the user turns to the page, from another tab or window, or away from it to another tab. The returned
// function stops it.
func (Browser) OnTurn(f func()) (stop func()) {
	document := js.Global().Get("document")
	listener := js.FuncOf(func(js.Value, []js.Value) any {
		f()
		return nil
	})
	js.Global().Call("addEventListener", "focus", listener)
	document.Call("addEventListener", "visibilitychange", listener)
	return func() {
		js.Global().Call("removeEventListener", "focus", listener)
		document.Call("removeEventListener", "visibilitychange", listener)
		listener.Release()
	}
}

// OnRestore calls f whenever the page comes back from the back/forward cache with whatever it showed when it was left.
// The returned function stops it.
func (Browser) OnRestore(f func()) (stop func()) {
	listener := js.FuncOf(func(_ js.Value, args []js.Value) any {
		if args[0].Get("persisted").Bool() {
			f()
		}
		return nil
	})
	js.Global().Call("addEventListener", "pageshow", listener)
	return func() {
		js.Global().Call("removeEventListener", "pageshow", listener)
		listener.Release()
	}
}
