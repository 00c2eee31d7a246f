package backend

import (
	"encoding/json"
	"net/url"
	"syscall/js"
	"time"
)

// Browser is the window that the page runs in.
type Browser struct {
	entered *bool // a screen was shown before
}

// NewBrowser returns the window.
func NewBrowser() Browser { return Browser{entered: new(bool)} }

// Enter says which screen is shown. One that takes another's place gets the focus, as a new document would.
func (b Browser) Enter(title string) {
	js.Global().Get("document").Set("title", title)
	if *b.entered {
		js.Global().Call("scrollTo", 0, 0)
		b.Focus("main")
	}
	*b.entered = true
}

// Facts returns what the document tells the app about itself.
func (Browser) Facts() (facts Facts) {
	script := js.Global().Get("document").Call("querySelector", "script[data-facts]")
	if script.IsNull() {
		return facts
	}
	if err := json.Unmarshal([]byte(script.Get("dataset").Get("facts").String()), &facts); err != nil {
		return Facts{} // the document and the program are of one build
	}
	return facts
}

// Now is this machine's time.
func (Browser) Now() time.Time { return time.Now() }

// Every calls f again and again, with this machine's time, until it is stopped.
func (Browser) Every(interval time.Duration, f func(now time.Time)) (stop func()) {
	tick := js.FuncOf(func(js.Value, []js.Value) any {
		f(time.Now())
		return nil
	})
	timer := js.Global().Call("setInterval", tick, interval.Milliseconds())
	return func() {
		js.Global().Call("clearInterval", timer)
		tick.Release()
	}
}

// Copy puts text on the clipboard and tells whether it could.
func (Browser) Copy(text string, then func(copied bool)) {
	clipboard := js.Global().Get("navigator").Get("clipboard")
	if clipboard.IsUndefined() { // not a secure context
		then(false)
		return
	}
	promise := clipboard.Call("writeText", text)
	go func() {
		_, err := await(promise)
		then(err == nil)
	}()
}

// Readable is what document.cookie shows to script.
func (Browser) Readable() string {
	return js.Global().Get("document").Get("cookie").String()
}

// Assign leaves the page for a URL, as a navigation that the server sees.
func (Browser) Assign(destination string) {
	js.Global().Get("location").Call("assign", destination)
}

// TakeParameter returns the value of a query parameter of the page's URL and removes it from the address bar, so that a
// reload or a bookmark does not bring it back.
func (Browser) TakeParameter(name string) string {
	here, err := url.Parse(js.Global().Get("location").Get("href").String())
	if err != nil {
		return ""
	}
	query := here.Query()
	if !query.Has(name) {
		return ""
	}
	value := query.Get(name)
	query.Del(name)
	here.RawQuery = query.Encode()
	js.Global().Get("history").Call("replaceState", js.Null(), "", here.String())
	return value
}

// FieldValue returns what is typed into the field with the given id.
func (Browser) FieldValue(id string) string {
	field := element(id)
	if field.IsNull() {
		return ""
	}
	return field.Get("value").String()
}

// SetField puts text into the field with the given id, or empties it.
func (Browser) SetField(id, value string) {
	if field := element(id); !field.IsNull() {
		field.Set("value", value)
	}
}

// Keep holds a text for this tab, across navigations, until it is taken or the tab is closed. Never a secret: every
// script of this origin can read it.
func (Browser) Keep(key, value string) {
	js.Global().Get("sessionStorage").Call("setItem", key, value)
}

// TakeKept returns a kept text and forgets it; "" when there is none.
func (Browser) TakeKept(key string) string {
	storage := js.Global().Get("sessionStorage")
	kept := storage.Call("getItem", key)
	if kept.IsNull() {
		return ""
	}
	storage.Call("removeItem", key)
	return kept.String()
}

// Focus moves the keyboard focus to the element with the given id.
func (Browser) Focus(id string) {
	if target := element(id); !target.IsNull() {
		target.Call("focus")
	}
}

func element(id string) js.Value {
	return js.Global().Get("document").Call("getElementById", id)
}
