package bff

import (
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
)

// DevPage is the page as a front end's own development server serves it (Vite, webpack, or any other), for [New]: the
// browser sees one origin, the BFF's, with its cookies and its gates, and edits show at once, because the server's
// WebSocket passes too. The development server never sees a cookie of ours: its plugins have no use for a session. It is
// for loopback addresses only, on both sides.
func DevPage(cfg Config, frontend string) (http.Handler, error) {
	target, err := url.Parse(frontend)
	if err != nil || target.Scheme != "http" || target.Host == "" || target.Path != "" || target.RawQuery != "" || !isLoopback(target.Hostname()) {
		return nil, fmt.Errorf("the front end's development server: %q is not like http://localhost:5173", frontend)
	}
	origin, err := url.Parse(cfg.Origin)
	if err != nil || !isLoopback(origin.Hostname()) {
		return nil, fmt.Errorf("origin: %q is not a loopback address, which development needs", cfg.Origin)
	}
	return &httputil.ReverseProxy{
		FlushInterval: -1,
		Rewrite: func(p *httputil.ProxyRequest) {
			p.SetURL(target)
			p.Out.Host = target.Host
			p.Out.Header.Del("Cookie")
			p.Out.Header.Del("Authorization")
			// Development servers compare Origin with their own before they take a WebSocket.
			if p.Out.Header.Get("Origin") == cfg.Origin {
				p.Out.Header.Set("Origin", frontend)
			}
		},
		ModifyResponse: func(response *http.Response) error {
			response.Header.Del("Set-Cookie")
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) {
			http.Error(w, "The front end's development server at "+frontend+" does not answer: "+err.Error(), http.StatusBadGateway)
		},
	}, nil
}
