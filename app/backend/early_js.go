package backend

import (
	"context"
	"syscall/js"
	"time"

	"cloakroom/bff/api"
)

// early is what the loader asked while the bundle was on its way: the first question, who is signed in. The answer is taken once.
const early = "earlySession"

// lying is how long an answer may lie about while the app runs: on a screen that asks nobody, it says nothing of the time after.
const lying = time.Second

// Early is the answer when it was here before the app.
func (Browser) Early() (Response, bool) {
	asked := js.Global().Get(early)
	if asked.IsUndefined() || asked.Get("answer").IsUndefined() {
		return Response{}, false
	}
	js.Global().Delete(early)
	return asEarly(asked.Get("answer")), true
}

// takeEarly waits for the answer, when this is the request. One that failed is made again. One that is not answered is given up when
// ctx ends, as every other is.
func takeEarly(ctx context.Context, request Request) (Response, bool) {
	asked := js.Global().Get(early)
	if request.Method != "GET" || request.Path != api.PathSession || asked.IsUndefined() {
		return Response{}, false
	}
	js.Global().Delete(early)
	defer context.AfterFunc(ctx, func() { asked.Get("abort").Call("abort") })()
	answer, err := await(asked.Get("answered"))
	if err != nil {
		return Response{}, false
	}
	response := asEarly(answer)
	return response, response.Age < lying
}

func asEarly(answer js.Value) Response {
	waited := js.Global().Get("performance").Call("now").Float() - answer.Get("at").Float() // milliseconds
	response := Response{Status: answer.Get("status").Int(), Body: bytesOf(answer.Get("body")), Age: time.Duration(waited * float64(time.Millisecond))}
	if contentType := answer.Get("type"); !contentType.IsNull() {
		response.ContentType = contentType.String()
	}
	return response
}

// bytesOf copies an ArrayBuffer.
func bytesOf(buffer js.Value) []byte {
	array := js.Global().Get("Uint8Array").New(buffer)
	copied := make([]byte, array.Length())
	js.CopyBytesToGo(copied, array)
	return copied
}
