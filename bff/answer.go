package bff

import (
	"context"
	"errors"
	"mime"
	"net"
	"net/http"
	"strings"

	"cloakroom/bff/api"
)

// judge decides what of an upstream's answer reaches the page.
func (b *BFF) judge(response *http.Response) error {
	pass := passageOf(response.Request.Context())
	if response.StatusCode == http.StatusSwitchingProtocols && pass.upgrade {
		closeHandshake(&pass.writer, response)
		return nil
	}
	if err := checkAnswer(response); err != nil {
		return err
	}
	if limit := pass.route.cfg.ResponseLimit; limit > 0 && response.ContentLength > limit {
		return refuse(api.UpstreamInvalid, "the API's answer is longer than its route allows")
	}
	for name := range response.Header {
		if !pass.route.returned[name] {
			delete(response.Header, name)
		}
	}
	contentType := response.Header.Get("Content-Type")
	if contentType == "" && response.ContentLength != 0 {
		// Without a type net/http would guess one.
		response.Header.Set("Content-Type", "application/octet-stream")
	}
	if isActive(contentType) {
		response.Header.Set("Content-Disposition", "attachment")
	}
	pass.bindStream(response)
	pass.answered = true
	return nil
}

// checkAnswer refuses answers that only a browser's navigation could make something of, and translates the challenge
// that asks for a stronger sign-in (RFC 9470 §3).
func checkAnswer(response *http.Response) error {
	status := response.StatusCode
	if status == http.StatusSwitchingProtocols || (status >= 300 && status < 400 && status != http.StatusNotModified) {
		return refuse(api.UpstreamInvalid, "the API answered with a redirect, which is not followed")
	}
	if isPage(response.Header.Get("Content-Type")) {
		return refuse(api.UpstreamInvalid, "the API answered with a page")
	}
	if status == http.StatusUnauthorized {
		return stepUp(response.Header.Values("WWW-Authenticate"))
	}
	return nil
}

// isData spares most answers the parsing of their type.
func isData(contentType string) bool {
	return contentType == "application/json" || contentType == "application/json; charset=utf-8"
}

func isPage(contentType string) bool {
	if isData(contentType) {
		return false
	}
	mediaType, _, _ := mime.ParseMediaType(contentType)
	return mediaType == "text/html" || mediaType == "application/xhtml+xml"
}

// isActive reports whether a browser would run what such a document holds (OWASP ASVS 3.2.1).
func isActive(contentType string) bool {
	if isData(contentType) {
		return false
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	return (err != nil && contentType != "") || strings.HasSuffix(mediaType, "xml") || strings.Contains(mediaType, "script")
}

// upstreamFailed answers when there is no answer. It names no host: the page is not to learn ours.
func (b *BFF) upstreamFailed(w http.ResponseWriter, r *http.Request, err error) {
	if _, ok := errors.AsType[*refusal](err); ok {
		b.writeError(w, r, err)
		return
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		b.writeError(w, r, refuse(api.BodyTooLarge, "the body is larger than this API takes").because(err))
		return
	}
	if errors.Is(err, errBodySlow) {
		b.writeError(w, r, refuse(api.BodyTooSlow, "the body did not come in time").because(err))
		return
	}
	slow, ok := errors.AsType[net.Error](err)
	if (ok && slow.Timeout()) || errors.Is(context.Cause(r.Context()), errUpstreamSlow) {
		b.writeError(w, r, refuse(api.UpstreamTimeout, "the API did not answer in time").because(err))
		return
	}
	b.writeError(w, r, refuse(api.UpstreamUnavailable, "the API cannot be reached").because(err))
}
