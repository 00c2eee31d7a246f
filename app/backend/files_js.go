package backend

import (
	"syscall/js"

	"cloakroom/bff/api"
)

// Save offers a text as a file to keep. It goes no further than this machine: the browser makes it from memory.
func (Browser) Save(name, mediaType, content string) {
	window := js.Global()
	blob := window.Get("Blob").New([]any{content}, map[string]any{"type": mediaType})
	address := window.Get("URL").Call("createObjectURL", blob)
	link := window.Get("document").Call("createElement", "a")
	link.Set("href", address)
	link.Set("download", name)
	link.Call("click")
	window.Get("URL").Call("revokeObjectURL", address)
}

// ReadFile reads the file that was chosen in the field with the given id, unless it has more bytes than limit, and empties the
// field, so that the same file can be chosen again.
func (Browser) ReadFile(id string, limit int, then func(name string, content []byte, err error)) {
	field := element(id)
	if field.IsNull() || field.Get("files").Get("length").Int() == 0 {
		then("", nil, ErrNoFile)
		return
	}
	file := field.Get("files").Index(0)
	name := file.Get("name").String()
	if file.Get("size").Int() > limit {
		field.Set("value", "")
		then(name, nil, ErrFileTooBig)
		return
	}
	promise := file.Call("arrayBuffer")
	field.Set("value", "")
	go func() {
		buffer, err := await(promise)
		if err != nil {
			then(name, nil, ErrFileUnknown)
			return
		}
		then(name, bytesOf(buffer), nil)
	}()
}

// Popup opens a window of this origin beside the page. It reports whether the browser did.
func (Browser) Popup(path string) (opened bool) {
	return !js.Global().Call("open", path, api.PopupChannel+"-sign-in", "popup,width=520,height=760").IsNull()
}

// OnSignIn calls f when a sign-in in a window of its own is over, with the code of its failure, if any. The returned function
// stops it.
func (Browser) OnSignIn(f func(code api.Code)) (stop func()) {
	channel := js.Global().Get("BroadcastChannel").New(api.PopupChannel)
	heard := js.FuncOf(func(_ js.Value, args []js.Value) any {
		data := args[0].Get("data")
		if data.Type() == js.TypeObject && data.Get("type").Type() == js.TypeString && data.Get("type").String() == "sign-in" {
			code := ""
			if data.Get("error").Type() == js.TypeString {
				code = data.Get("error").String()
			}
			f(api.Code(code))
		}
		return nil
	})
	channel.Call("addEventListener", "message", heard)
	return func() {
		channel.Call("close")
		heard.Release()
	}
}

// Remember keeps a choice in this browser; Recall returns it, or "". Never a secret, and nothing about the user.
func (Browser) Remember(key, value string) {
	js.Global().Get("localStorage").Call("setItem", key, value)
}

// Recall returns what was remembered.
func (Browser) Recall(key string) string {
	kept := js.Global().Get("localStorage").Call("getItem", key)
	if kept.IsNull() {
		return ""
	}
	return kept.String()
}

// Parameter returns a query parameter of the page's address, and leaves it there.
func (Browser) Parameter(name string) string {
	value := js.Global().Get("URL").New(js.Global().Get("location").Get("href")).Get("searchParams").Call("get", name)
	if value.IsNull() {
		return ""
	}
	return value.String()
}

// SetParameter puts a query parameter into the page's address, or takes it out when it is empty, without going anywhere: a
// reload or a bookmark comes back to what is shown.
func (Browser) SetParameter(name, value string) {
	here := js.Global().Get("URL").New(js.Global().Get("location").Get("href"))
	parameters := here.Get("searchParams")
	if value == "" {
		parameters.Call("delete", name)
	} else {
		parameters.Call("set", name, value)
	}
	js.Global().Get("history").Call("replaceState", js.Null(), "", here.Call("toString"))
}
