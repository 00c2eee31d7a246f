package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
)

// Where the browser finds what developers need, under the page's own files so that nothing else is in the way.
const (
	pathScript = "/web/dev.js"
	pathEvents = "/web/dev/events"
)

//go:embed dev.js
var script []byte

// message is what the browsers are told: the number of a build, or what is wrong with it.
type message struct {
	Build int64  `json:"build,omitzero"`
	Error string `json:"error,omitzero"`
}

// hub tells every open page of the last build, and of those that follow.
type hub struct {
	mu        sync.Mutex
	last      message
	listeners map[chan message]bool
}

func (h *hub) say(m message) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = m
	for listener := range h.listeners {
		select {
		case listener <- m:
		default: // it has one to read already, and reloads for that
		}
	}
}

func (h *hub) join() (listener chan message, leave func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.listeners == nil {
		h.listeners = map[chan message]bool{}
	}
	listener = make(chan message, 2)
	listener <- h.last
	h.listeners[listener] = true
	return listener, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.listeners, listener)
	}
}

func (h *hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	listener, leave := h.join()
	defer leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	for {
		select {
		case m := <-listener:
			encoded, _ := json.Marshal(m) // strings and numbers
			if _, err := fmt.Fprintf(w, "data: %s\n\n", encoded); err != nil {
				return
			}
			if http.NewResponseController(w).Flush() != nil {
				return
			}
		case <-r.Context().Done():
			return
		}
	}
}

func (w *workshop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+pathEvents, &w.hub)
	mux.HandleFunc("GET "+pathScript, func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		answer.Header().Set("Cache-Control", "no-store")
		_, _ = answer.Write(script)
	})
	mux.Handle("/", &httputil.ReverseProxy{Rewrite: w.toPage, ModifyResponse: addScript, ErrorHandler: waiting})
	return mux
}

func (w *workshop) toPage(r *httputil.ProxyRequest) {
	if page := w.page.Load(); page != nil {
		r.SetURL(&url.URL{Scheme: "http", Host: *page})
	}
	r.Out.Header.Del("Accept-Encoding") // documents are changed on the way
	r.Out.Header.Del("If-None-Match")
}

const tag = `<script defer src="` + pathScript + `"></script>`

// addScript puts the script that reloads into each document. Everything else of the answer stays, its policy first of all.
func addScript(response *http.Response) error {
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/html") {
		return nil
	}
	document, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	document = bytes.Replace(document, []byte("</head>"), []byte(tag+"</head>"), 1)
	response.Body = io.NopCloser(bytes.NewReader(document))
	response.ContentLength = int64(len(document))
	response.Header.Set("Content-Length", strconv.Itoa(len(document)))
	response.Header.Set("Cache-Control", "no-store")
	response.Header.Del("ETag")
	return nil
}

// waiting answers while there is no page yet: because none could be built. It tells why, and reloads when there is one.
func waiting(w http.ResponseWriter, _ *http.Request, _ error) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusServiceUnavailable)
	_, _ = io.WriteString(w, "<!doctype html><html lang=en><head><title>Not built yet</title>"+tag+"</head><body></body></html>")
}
