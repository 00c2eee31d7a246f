package bff

import (
	"net/http"
	"slices"
	"strings"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// gate says what a request must prove before its handler runs. Every route names one; the zero value lets nothing
// through (RFC 10017 §6.1.3.3).
type gate int

const (
	_ gate = iota
	// gatePublic is for answers that are the same for everybody.
	gatePublic
	// gateNavigation is for a person's own navigation: it can carry no header of ours.
	gateNavigation
	// gateCallback is for the navigation that comes back from a provider: cross-site by nature, proven by its state.
	gateCallback
	// gateFetch is for script of our origin: same-origin by the browser's word, and the static header.
	gateFetch
	// gateFetchOrForm is for script of our origin, or a form of it, which cannot send the header.
	gateFetchOrForm
	// gateStream is for an EventSource of our origin, which cannot send the header.
	gateStream
	// gateServer is for a provider's server: what it sends proves itself, and a browser has no business there.
	gateServer
	// gateAPI is gateFetch, or what a route of the proxy allows besides: EventSource and WebSocket, which cannot send the
	// header either. [BFF.serveAPI] applies it to the route that it finds.
	gateAPI
)

// maxCookies bounds the work that a Cookie header can cause.
const maxCookies = 64

// checkHost compares Host exactly with the configured origin's, so that no request decides what our URLs are and DNS
// rebinding finds nothing (RFC 9110 §15.5.20).
func (b *BFF) checkHost(r *http.Request) error {
	b.flow(r.Context()).Check("host", "RFC 9110 §7.2", r.Host == b.host)
	if r.Host != b.host {
		return refuse(api.WrongHost, "this server is "+b.cfg.Origin)
	}
	return nil
}

// checkHeaders refuses what is ambiguous: names with "_", which some upstreams read as "-", and a session cookie that is
// there twice, because one of the two is not ours.
func checkHeaders(r *http.Request) error {
	for name := range r.Header {
		if strings.Contains(name, "_") {
			return refuse(api.InvalidRequest, "a header name contains an underscore")
		}
	}
	total, sessions := 0, 0
	for _, line := range r.Header["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			name, _, _ := strings.Cut(strings.TrimSpace(pair), "=")
			total++
			if strings.TrimSpace(name) == session.CookieName {
				sessions++
			}
		}
	}
	if sessions > 1 {
		refused := refuse(api.DuplicateCookie, "the session cookie is there more than once")
		refused.clear = []string{session.CookieName}
		return refused
	}
	if total > maxCookies {
		return refuse(api.InvalidRequest, "there are too many cookies")
	}
	return nil
}

// pass applies a gate: deny unless proven.
func (b *BFF) pass(g gate, r *http.Request) error {
	switch g {
	case gatePublic, gateAPI:
		return nil
	case gateNavigation, gateCallback:
		err := checkNavigation(r)
		b.flow(r.Context()).Check("navigation", "Fetch Metadata, Sec-Fetch-Mode", err == nil)
		return err
	case gateFetch:
		return b.checkFetch(r)
	case gateStream:
		return b.checkSameOrigin(r)
	case gateServer:
		err := checkServer(r)
		b.flow(r.Context()).Check("no_browser", "Fetch Metadata, Sec-Fetch-Site", err == nil)
		return err
	case gateFetchOrForm:
		if hasStaticHeader(r) {
			return b.checkFetch(r)
		}
		return b.checkForm(r)
	default:
		return refuse(api.CSRFRejected, "this route has no gate")
	}
}

// checkNavigation wants a top-level navigation that the user waits for: no frame, no image, no fetch, no prefetch. A
// browser too old to send Sec-Fetch-* passes: behind this gate lie only the start of a sign-in, which sets nothing but
// its own transaction, and its end, which is bound to that transaction.
func checkNavigation(r *http.Request) error {
	mode, modes := single(r, "Sec-Fetch-Mode")
	dest, dests := single(r, "Sec-Fetch-Dest")
	speculative := strings.Contains(strings.Join(r.Header["Sec-Purpose"], ",")+strings.Join(r.Header["Purpose"], ","), "prefetch")
	if speculative || modes > 1 || dests > 1 || (modes == 1 && mode != "navigate") || (dests == 1 && dest != "document") {
		return refuse(api.NavigationRequired, "this address is for the browser's address bar, not for fetch, frames or prefetching")
	}
	return nil
}

func (b *BFF) checkFetch(r *http.Request) error {
	has := hasStaticHeader(r)
	b.flow(r.Context()).Check("static_header", "RFC 10017 §6.1.3.3.2", has)
	if !has {
		return refuse(api.CSRFRejected, "the header "+api.CSRFHeader+": "+api.CSRFValue+" is missing")
	}
	return b.checkSameOrigin(r)
}

// checkForm wants a navigation by a form of our own page.
func (b *BFF) checkForm(r *http.Request) error {
	if err := b.checkSameOrigin(r); err != nil {
		return err
	}
	mode, modes := single(r, "Sec-Fetch-Mode")
	if modes > 1 || (modes == 1 && mode != "navigate") {
		return refuse(api.CSRFRejected, "a fetch needs the header "+api.CSRFHeader+": "+api.CSRFValue)
	}
	return nil
}

// checkSameOrigin wants proof by Sec-Fetch-Site or Origin, which script cannot set. Every one that is there has to be
// right, at least one has to be there, and none may be there twice. A sibling subdomain is not us (RFC 10017 §6.1.3.3.1).
func (b *BFF) checkSameOrigin(r *http.Request) error {
	site, sites := single(r, "Sec-Fetch-Site")
	origin, origins := single(r, "Origin")
	proven := sites+origins > 0 && sites <= 1 && origins <= 1 &&
		(sites == 0 || site == "same-origin") && (origins == 0 || origin == b.cfg.Origin)
	b.flow(r.Context()).Check("same_origin", "RFC 10017 §6.1.3.3.1", proven)
	if !proven {
		return refuse(api.CSRFRejected, "nothing proves that this request comes from "+b.cfg.Origin)
	}
	return nil
}

// checkServer refuses what a browser sends along: no page is to make a browser speak for a provider. Sec-Fetch-Mode is no
// sign of a browser: Node's fetch sends it.
func checkServer(r *http.Request) error {
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		if r.Header[name] != nil {
			return refuse(api.CSRFRejected, "this address is for servers")
		}
	}
	return nil
}

func hasStaticHeader(r *http.Request) bool {
	return slices.Equal(r.Header[canonicalCSRF], []string{api.CSRFValue}) || slices.Equal(r.Header[canonicalCSRFAlias], []string{api.CSRFValue})
}

func single(r *http.Request, name string) (value string, count int) {
	values := r.Header[name]
	if len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}
