package bff

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

const maxRequestURI = 512

// authorizationRequest returns where the browser goes: the authorize endpoint with the request in its query or, where the
// provider takes pushed requests, with a reference to it, so that nothing of the request is the browser's to read or to
// change (RFC 9126 §1).
func (p *provider) authorizationRequest(ctx context.Context, m *metadata, parameters url.Values, key *proofKey) (string, error) {
	if m.PAREndpoint == "" {
		return withQuery(m.AuthorizationEndpoint, parameters), nil
	}
	ctx, cancel := context.WithTimeout(ctx, outboundTimeout)
	defer cancel()
	// The proof says what dpop_jkt says; a server may want it, with its nonce (RFC 9449 §10.1).
	got, err := p.send(ctx, m, m.PAREndpoint, parameters, key)
	if err != nil {
		return "", fmt.Errorf("push the authorization request to %q: %w", p.cfg.ID, err)
	}
	var response struct {
		RequestURI  string `json:"request_uri"`
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := json.Unmarshal(got.body, &response); err != nil || !got.isJSON {
		return "", fmt.Errorf("push the authorization request to %q: status %d, not JSON", p.cfg.ID, got.status)
	}
	// RFC 9126 §2.2 answers 201; some servers answer 200.
	if got.status != http.StatusCreated && got.status != http.StatusOK {
		return "", fmt.Errorf("push the authorization request to %q: status %d, error %q: %q", p.cfg.ID, got.status, response.Error, response.Description)
	}
	if response.RequestURI == "" || len(response.RequestURI) > maxRequestURI {
		return "", errors.New("pushed authorization request: the answer has no usable request_uri")
	}
	// RFC 9126 §4: the client's id and the reference, and nothing else.
	return withQuery(m.AuthorizationEndpoint, url.Values{"client_id": {p.cfg.ClientID}, "request_uri": {response.RequestURI}}), nil
}
