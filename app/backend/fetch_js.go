package backend

import (
	"context"
	"errors"
	"fmt"
	"syscall/js"
)

// Fetch makes the request with the browser's fetch, which adds the cookie that no script can read. It must not be called
// on the goroutine that handles the page's events: it blocks until the answer is there or ctx ends.
func (Browser) Fetch(ctx context.Context, request Request) (Response, error) {
	if response, ok := takeEarly(ctx, request); ok {
		return response, nil
	}
	abort := js.Global().Get("AbortController").New()
	defer context.AfterFunc(ctx, func() { abort.Call("abort") })()

	answer, err := await(js.Global().Call("fetch", request.Path, options(request, abort.Get("signal"))))
	if err != nil {
		return Response{}, errors.Join(ctx.Err(), err)
	}
	buffer, err := await(answer.Call("arrayBuffer"))
	if err != nil {
		return Response{}, errors.Join(ctx.Err(), err)
	}
	response := Response{Status: answer.Get("status").Int(), Body: bytesOf(buffer)}
	if contentType := answer.Get("headers").Call("get", "Content-Type"); !contentType.IsNull() {
		response.ContentType = contentType.String()
	}
	return response, nil
}

// options keep the request on this origin: no other mode, no credentials for others, and a redirect is an error because
// the BFF never answers a fetch with one.
func options(request Request, signal js.Value) map[string]any {
	header := make(map[string]any, len(request.Header))
	for name, value := range request.Header {
		header[name] = value
	}
	options := map[string]any{
		"method":      request.Method,
		"headers":     header,
		"mode":        "same-origin",
		"credentials": "same-origin",
		"redirect":    "error",
		"cache":       "no-store",
		"signal":      signal,
	}
	if request.Body != nil {
		body := js.Global().Get("Uint8Array").New(len(request.Body))
		js.CopyBytesToJS(body, request.Body)
		options["body"] = body
	}
	return options
}

// await blocks until a promise settles.
func await(promise js.Value) (js.Value, error) {
	type settled struct {
		value js.Value
		err   error
	}
	done := make(chan settled, 1)
	resolve := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- settled{value: args[0]}
		return nil
	})
	defer resolve.Release()
	reject := js.FuncOf(func(_ js.Value, args []js.Value) any {
		done <- settled{err: fmt.Errorf("fetch: %s", args[0].Call("toString").String())}
		return nil
	})
	defer reject.Release()

	promise.Call("then", resolve, reject)
	outcome := <-done
	return outcome.value, outcome.err
}
