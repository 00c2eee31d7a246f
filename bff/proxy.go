package bff

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/plainhttp"
	"cloakroom/bff/session"
)

// proxy passes /api/* on to the upstreams of a static table.
type proxy struct {
	routes     []*route // the longest prefix first
	transports map[transportKey]plainhttp.RoundTripper
	breakers   map[string]*breaker // by upstream
	clients    *clientTokens
}

// transportKey says which routes share connections.
type transportKey struct {
	upstream string        // scheme and host
	timeout  time.Duration // how long an answer may take to begin
}

// route is a compiled [RouteConfig]. No part of it ever comes from a request.
type route struct {
	cfg       *RouteConfig
	upstream  *url.URL
	sent      map[string]bool
	returned  map[string]bool
	transport http.RoundTripper
	breaker   *breaker // one per upstream host
	timings   timings
}

func newProxy(b *BFF) (*proxy, error) {
	p := &proxy{transports: map[transportKey]plainhttp.RoundTripper{}, breakers: map[string]*breaker{}, clients: newClientTokens()}
	for i := range b.cfg.Routes {
		compiled, err := p.compile(&b.cfg.Routes[i])
		if err != nil {
			return nil, err
		}
		compiled.timings = b.metrics.timings(compiled.cfg.Prefix)
		compiled.transport = b.spans.spanned(b.inspector.ToAPI(compiled.transport, compiled.shownPath), compiled.cfg.Prefix)
		p.routes = append(p.routes, compiled)
	}
	slices.SortFunc(p.routes, func(a, b *route) int { return len(b.cfg.Prefix) - len(a.cfg.Prefix) })
	return p, nil
}

func (p *proxy) compile(cfg *RouteConfig) (*route, error) {
	upstream, err := url.Parse(cfg.Upstream)
	if err != nil {
		return nil, err
	}
	upstream.Path = strings.TrimSuffix(upstream.Path, "/")
	host := upstream.Scheme + "://" + upstream.Host
	key := transportKey{host, cfg.Timeout}
	if p.transports[key] == nil {
		p.transports[key] = plainhttp.New(newTransport(cfg.Timeout), upstream)
	}
	if p.breakers[host] == nil {
		p.breakers[host] = &breaker{}
	}
	return &route{
		cfg: cfg, upstream: upstream, transport: p.transports[key], breaker: p.breakers[host],
		sent: extended(sentHeaders, cfg.RequestHeaders), returned: extended(returnedHeaders, cfg.ResponseHeaders),
	}, nil
}

// newTransport takes no proxy from the environment, and keeps as many connections as there are requests at a time.
func newTransport(timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &http.Transport{
		DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 512, IdleConnTimeout: 90 * time.Second, ExpectContinueTimeout: time.Second,
		MaxResponseHeaderBytes: 64 << 10, DisableCompression: true, ResponseHeaderTimeout: timeout,
	}
}

func (p *proxy) closeIdle() {
	for _, transport := range p.transports {
		transport.CloseIdleConnections()
	}
}

// match finds the route whose prefix covers the path by whole segments. The path is in its one plain form already.
func (p *proxy) match(path string) *route {
	for _, candidate := range p.routes {
		if covers(candidate.cfg.Prefix, path) {
			return candidate
		}
	}
	return nil
}

// serveAPI passes a call of the page on to its API. All that can be refused is refused before a byte goes upstream.
func (b *BFF) serveAPI(w http.ResponseWriter, r *http.Request) error {
	matched := b.proxy.match(r.URL.Path)
	if err := b.passRoute(matched, r); err != nil {
		return err
	}
	if matched == nil {
		return refuse(api.NotFound, "no route leads there")
	}
	if !slices.Contains(matched.cfg.Methods, r.Method) {
		return methodNotAllowed(matched.cfg.Methods)
	}
	pass := &passage{route: matched, bff: b, upgrade: matched.takesWebSocket(r)}
	// An upgraded connection is no longer ours to check; h2c tunnels past every guard.
	if r.Header["Upgrade"] != nil && !pass.upgrade {
		return refuse(api.InvalidRequest, "connections cannot be upgraded to this here")
	}
	if r.ContentLength > matched.cfg.BodyLimit {
		return refuse(api.BodyTooLarge, "the body is larger than this API takes")
	}
	if err := b.authorize(r, pass); err != nil {
		return err
	}
	return b.forward(w, r, pass)
}

// passRoute is [gateAPI]: the header and same-origin, unless the route allows what cannot send the header.
func (b *BFF) passRoute(matched *route, r *http.Request) error {
	switch {
	case matched.takesWebSocket(r):
		return b.checkWebSocket(r)
	case matched.takesEventSource(r):
		return b.checkSameOrigin(r)
	default:
		return b.checkFetch(r)
	}
}

// takesEventSource reports whether the request is one that EventSource makes, and the route lets it in. Navigations,
// scripts and images ask in other modes or for other types.
func (r *route) takesEventSource(request *http.Request) bool {
	if r == nil || !r.cfg.EventSource || request.Method != http.MethodGet {
		return false
	}
	accept, accepts := single(request, "Accept")
	mode, modes := single(request, "Sec-Fetch-Mode")
	dest, dests := single(request, "Sec-Fetch-Dest")
	return accepts == 1 && accept == "text/event-stream" && (modes == 0 || mode == "cors") && modes <= 1 && (dests == 0 || dest == "empty") && dests <= 1
}

// authorize finds the access token for this API: none, the user's or our own.
func (b *BFF) authorize(r *http.Request, pass *passage) error {
	switch pass.route.cfg.Token {
	case tokenUser:
		return b.authorizeUser(r, pass)
	case tokenClient:
		return b.authorizeClient(r.Context(), pass, "")
	default:
		return nil
	}
}

// authorizeUser finds the session and its access token for this API.
//
// Step 9: the BFF requests the protected resource, and submits the access token in place of the browser's cookie.
func (b *BFF) authorizeUser(r *http.Request, pass *passage) error {
	record, err := b.current(r)
	if err != nil {
		return err
	}
	b.flow(r.Context()).Hold(r.Context(), api.HoldAPICall)
	token, err := b.accessToken(r.Context(), record, b.wanted(record, pass.route))
	if err != nil {
		return err
	}
	b.sessions.Seen(record)
	pass.session = record.ID
	return pass.present(record, token)
}

// wanted is the access token that a route sends for a session: of one audience and scope set.
func (b *BFF) wanted(record session.Record, matched *route) tokenRequest {
	return tokenRequest{b.providerOf(record), matched.cfg.Resource, matched.cfg.Scopes}
}

// present puts the token on the request that the upstream gets.
func (p *passage) present(record session.Record, token session.Token) (err error) {
	p.token, p.issued = token.AccessToken, token.Issued
	if token.Type == tokenTypeDPoP {
		p.bound, err = p.bff.present(record, token)
		return err
	}
	p.authorization = token.Bearer()
	return nil
}
