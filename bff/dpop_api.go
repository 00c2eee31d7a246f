package bff

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"cloakroom/bff/session"
)

// presentation is how a DPoP-bound access token is shown to an API: with a proof of the session's key for each request,
// retries included (RFC 9449 §7.1).
type presentation struct {
	token  session.Token
	key    *proofKey
	nonces *nonces
	now    func() time.Time
}

// present prepares the session's bound token for an API.
func (b *BFF) present(record session.Record, token session.Token) (*presentation, error) {
	key, err := parseProofKey(record.ProofKey)
	if err != nil {
		return nil, err
	}
	if key == nil {
		return nil, errors.New("the session has no key for its bound token")
	}
	return &presentation{token: token, key: key, nonces: b.nonces, now: b.now}, nil
}

// roundTrip sends a request with the token on it. An API that wants its nonce in the proof gets the request once more (RFC 9449
// §9): a small body is kept for that, a larger one is not sent before the API says that it takes the request (RFC 9110 §10.1.1).
// An API that reads it all the same and then wants a nonce has lost it: the page is told to send it again.
func (p *presentation) roundTrip(next http.RoundTripper, r *http.Request) (*http.Response, error) {
	server := "api " + r.URL.Host
	if err := keepBody(r); err != nil {
		return nil, err
	}
	for again := false; ; again = true {
		sent, err := p.sign(r, server)
		if err != nil {
			return nil, err
		}
		response, err := next.RoundTrip(sent)
		if err != nil {
			return response, err
		}
		p.nonces.learn(server, response.Header.Get(dpopNonceHeader))
		if again || !challengesNonce(response.StatusCode, response.Header.Values("Www-Authenticate")) || !rewind(r) {
			return response, nil
		}
		_, _ = io.CopyN(io.Discard, response.Body, 4<<10)
		_ = response.Body.Close()
	}
}

// sign returns the request with the token and a proof for it. RoundTrippers do not change their
// request, so the headers are a copy.
func (p *presentation) sign(r *http.Request, server string) (*http.Request, error) {
	sent := *r
	sent.Header = r.Header.Clone()
	sent.Header["Authorization"] = []string{"DPoP " + p.token.AccessToken}
	return &sent, p.key.attach(&sent, p.token.AccessToken, p.nonces.of(server), p.now())
}

// challengesNonce is the API's use_dpop_nonce (RFC 9449 §9).
func challengesNonce(status int, challenges []string) bool {
	return status == http.StatusUnauthorized && slices.ContainsFunc(parseChallenges(challenges), func(parameters map[string]string) bool {
		return parameters["error"] == "use_dpop_nonce"
	})
}
