package backend

import (
	"context"
	"syscall/js"
	"time"

	"cloakroom/bff/api"
)

// takeEarly is the answer to a request that the loader has made already, while the bundle was on its way: to the first
// question, who is signed in. It is taken once; a request that failed is made again. One that is not answered is given up when
// ctx ends, as every other is.
func takeEarly(ctx context.Context, request Request) (Response, bool) {
	const name = "earlySession"
	asked := js.Global().Get(name)
	if request.Method != "GET" || request.Path != api.PathSession || asked.IsUndefined() {
		return Response{}, false
	}
	js.Global().Delete(name)
	defer context.AfterFunc(ctx, func() { asked.Get("abort").Call("abort") })()
	answer, err := await(asked.Get("answered"))
	if err != nil {
		return Response{}, false
	}
	waited := js.Global().Get("performance").Call("now").Float() - answer.Get("at").Float() // milliseconds
	response := Response{Status: answer.Get("status").Int(), Body: bytesOf(answer.Get("body")), Age: time.Duration(waited * float64(time.Millisecond))}
	if contentType := answer.Get("type"); !contentType.IsNull() {
		response.ContentType = contentType.String()
	}
	return response, true
}

// bytesOf copies an ArrayBuffer.
func bytesOf(buffer js.Value) []byte {
	array := js.Global().Get("Uint8Array").New(buffer)
	copied := make([]byte, array.Length())
	js.CopyBytesToGo(copied, array)
	return copied
}
