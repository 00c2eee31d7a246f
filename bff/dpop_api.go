package bff

import (
	"bytes"
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

// roundTrip sends a request with the token on it. An API that wants its nonce in the proof gets the request once more, if
// its body can be sent again (RFC 9449 §9); otherwise its challenge is the answer, and the next request has the nonce.
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
	return status == http.StatusUnauthorized && slices.ContainsFunc(challenges, func(challenge string) bool {
		return parseChallenge(challenge)["error"] == "use_dpop_nonce"
	})
}

// maxKept is the greatest body, in bytes, that is kept for the case that the API asks for its nonce.
const maxKept = 64 << 10

// keepBody reads a small body, so that it can be sent again. A larger one streams.
func keepBody(r *http.Request) error {
	if r.Body == nil || r.Body == http.NoBody || r.GetBody != nil || r.ContentLength < 0 || r.ContentLength > maxKept {
		return nil
	}
	kept, err := io.ReadAll(r.Body)
	if err != nil {
		return err
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(kept)), nil }
	return errors.Join(r.Body.Close(), rewound(r))
}

func rewound(r *http.Request) (err error) {
	r.Body, err = r.GetBody()
	return err
}

// rewind makes the request's body ready to be sent again, and reports whether that is possible.
func rewind(r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody {
		return true
	}
	return r.GetBody != nil && rewound(r) == nil
}
