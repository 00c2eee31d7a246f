package upstream

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cloakroom/authserver/oauth"
)

// Request is what a user is sent to the provider with.
type Request struct {
	State    string
	Nonce    string
	Verifier string // of PKCE: it stays here, and its hash goes
	// Prompt, MaxAge, LoginHint and ACRValues are passed on from the request that the user came with (OpenID Connect Core
	// §3.1.2.1).
	Prompt    []string
	MaxAge    *time.Duration
	LoginHint string
	ACRValues string
}

// Begin returns the address that the user's browser is sent to: the provider's authorization endpoint. Where the provider takes
// pushed requests, the request is pushed, and the browser carries only its name (RFC 9126).
func (p *Provider) Begin(ctx context.Context, request Request) (string, error) {
	of, err := p.discover(ctx)
	if err != nil {
		return "", err
	}
	parameters := p.parameters(request)
	if of.PushedEndpoint != "" {
		if parameters, err = p.push(ctx, of, parameters); err != nil {
			return "", err
		}
	}
	separator := "?"
	if strings.Contains(of.AuthorizationEndpoint, "?") { // RFC 6749 §3.1: what it has stays
		separator = "&"
	}
	return of.AuthorizationEndpoint + separator + parameters.Encode(), nil
}

func (p *Provider) parameters(request Request) url.Values {
	challenge := sha256.Sum256([]byte(request.Verifier))
	parameters := url.Values{
		"response_type":         {"code"},
		"client_id":             {p.config.ClientID},
		"redirect_uri":          {p.config.RedirectURI},
		"scope":                 {p.config.Scopes.String()},
		"state":                 {request.State},
		"nonce":                 {request.Nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {oauth.ChallengeMethodS256},
	}
	for name, value := range map[string]string{
		"prompt": strings.Join(request.Prompt, " "), "login_hint": request.LoginHint, "acr_values": request.ACRValues,
	} {
		if value != "" {
			parameters.Set(name, value)
		}
	}
	if request.MaxAge != nil {
		parameters.Set("max_age", strconv.FormatInt(int64(request.MaxAge.Seconds()), 10))
	}
	return parameters
}

// push hands the request over on the back channel.
func (p *Provider) push(ctx context.Context, of metadata, parameters url.Values) (url.Values, error) {
	document, status, err := p.post(ctx, of, of.PushedEndpoint, parameters)
	if err != nil {
		return nil, err
	}
	if status != http.StatusCreated {
		return nil, refusal(of.PushedEndpoint, document, status)
	}
	var pushed struct {
		RequestURI string `json:"request_uri"`
	}
	if err := json.Unmarshal(document, &pushed); err != nil || pushed.RequestURI == "" {
		return nil, invalid("pushed request: no request_uri")
	}
	return url.Values{"client_id": {p.config.ClientID}, "request_uri": {pushed.RequestURI}}, nil
}
