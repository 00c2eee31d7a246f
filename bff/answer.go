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

// judge decides whether an upstream's answer may reach the page, and prepares it for that.
func (p *passage) judge(ctx context.Context, response *http.Response) error {
	if err := checkAnswer(response); err != nil {
		return err
	}
	if limit := p.route.cfg.ResponseLimit; limit > 0 && response.ContentLength > limit {
		return refuse(api.UpstreamInvalid, "the API's answer is longer than its route allows")
	}
	contentType := response.Header.Get("Content-Type")
	if contentType == "" && response.ContentLength != 0 {
		// Without a type net/http would guess one.
		response.Header.Set("Content-Type", "application/octet-stream")
	}
	if isActive(contentType) {
		response.Header.Set("Content-Disposition", "attachment")
	}
	p.bindStream(ctx, response)
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
	if challenges := response.Header["Www-Authenticate"]; challengesNonce(status, challenges) {
		// RFC 9449 §9: nobody is signed out; the nonce is known now, and the request cannot be sent again from here.
		return refuse(api.UpstreamUnavailable, "the API wants this request once more: send it again")
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

// upstreamFailed is the answer when there is none. It names no host: the page is not to learn ours.
func upstreamFailed(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*refusal](err); ok {
		return err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return refuse(api.BodyTooLarge, "the body is larger than this API takes").because(err)
	}
	if errors.Is(err, errBodySlow) {
		return refuse(api.BodyTooSlow, "the body did not come in time").because(err)
	}
	slow, ok := errors.AsType[net.Error](err)
	if (ok && slow.Timeout()) || errors.Is(context.Cause(ctx), errUpstreamSlow) {
		return refuse(api.UpstreamTimeout, "the API did not answer in time").because(err)
	}
	return refuse(api.UpstreamUnavailable, "the API cannot be reached").because(err)
}
