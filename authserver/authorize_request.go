package authserver

import (
	"context"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/trace"
)

// authorizationRequest is what a validated request asks for. It is kept as JSON while the user is at the forms.
type authorizationRequest struct {
	ClientID      string         `json:"client_id"`
	RedirectURI   string         `json:"redirect_uri,omitzero"` // as the request named it
	Scopes        oauth.Scopes   `json:"scopes"`
	State         string         `json:"state,omitzero"`
	Nonce         string         `json:"nonce,omitzero"`
	CodeChallenge string         `json:"code_challenge,omitzero"`
	Resources     []string       `json:"resources,omitempty"`
	Prompt        []string       `json:"prompt,omitempty"`
	MaxAge        *time.Duration `json:"max_age,omitempty"`
	LoginHint     string         `json:"login_hint,omitzero"`
	HintedSubject string         `json:"hinted_subject,omitzero"` // of the id_token_hint
	DPoPJKT       string         `json:"dpop_jkt,omitzero"`       // RFC 9449 §10: the key that the code is bound to
	ResponseMode  string         `json:"response_mode,omitzero"`
	Claims        string         `json:"claims,omitzero"` // as sent
	ACRValues     []string       `json:"acr_values,omitempty"`
	InsistACR     bool           `json:"insist_acr,omitzero"` // one of them has to be met
	PushedID      string         `json:"pushed_id,omitzero"`  // of the pushed request, which is spent with the answer
}

// The values of prompt (OpenID Connect Core §3.1.2.1).
const (
	promptNone          = "none"
	promptLogin         = "login"
	promptConsent       = "consent"
	promptSelectAccount = "select_account"
)

// validateAuthorization is the list of checks of an authorization request. What it does not know it ignores (RFC 6749 §3.1):
// display, ui_locales and the like never cause an error.
func validateAuthorization(ctx context.Context, iss *issuer, c *client.Client, p params) (authorizationRequest, error) {
	request := authorizationRequest{
		ClientID:    c.ID,
		RedirectURI: p.get("redirect_uri"),
		State:       p.get("state"),
		Nonce:       p.get("nonce"),
		LoginHint:   p.get("login_hint"),
	}
	for _, check := range []struct {
		name, spec string // for the trace
		passes     func(*issuer, *client.Client, params, *authorizationRequest) error
	}{
		{"request_object", "OpenID Connect Core §6", checkRequestObject},
		{"response_type", "RFC 9700 §2.1.2", checkResponseType},
		{"scope", "RFC 6749 §3.3", checkScope},
		{"resource", "RFC 8707 §2", checkResources},
		{"code_challenge", "RFC 7636 §4.3", checkChallenge},
		{"prompt", "OpenID Connect Core §3.1.2.1", checkPrompt},
		{"max_age", "OpenID Connect Core §3.1.2.1", checkMaxAge},
		{"id_token_hint", "OpenID Connect Core §3.1.2.1", checkIDTokenHint},
		{"claims", "OpenID Connect Core §5.5", checkClaims},
		{"acr", "OpenID Connect Core §5.5.1.1", checkACR},
		{"dpop_jkt", "RFC 9449 §10", checkDPoPKey},
	} {
		err := check.passes(iss, c, p, &request)
		if !trace.Tell(ctx, check.name, check.spec, err == nil) {
			return authorizationRequest{}, err
		}
	}
	return request, nil
}

// RFC 9449 §10: dpop_jkt is the thumbprint of the key that the code is to be bound to.
func checkDPoPKey(_ *issuer, _ *client.Client, p params, request *authorizationRequest) error {
	request.DPoPJKT = p.get("dpop_jkt")
	sum, err := base64.RawURLEncoding.Strict().DecodeString(request.DPoPJKT)
	if request.DPoPJKT != "" && (err != nil || len(sum) != thumbprintBytes) {
		return oauth.InvalidRequest.Errorf("dpop_jkt is not the thumbprint of a key")
	}
	return nil
}

// OpenID Connect Core §6: parameters that are not supported are named, and never half obeyed.
func checkRequestObject(_ *issuer, _ *client.Client, p params, _ *authorizationRequest) error {
	if p.get("request") != "" {
		return oauth.RequestNotSupported.Errorf("request objects are not supported")
	}
	if p.get("request_uri") != "" {
		return oauth.RequestURINotSupported.Errorf("request_uri is not supported")
	}
	return nil
}

// RFC 9700 §2.1.2: no response type but code, so that no token is ever in a URL.
func checkResponseType(_ *issuer, c *client.Client, p params, request *authorizationRequest) error {
	switch p.get("response_type") {
	case "code":
	case "":
		return oauth.InvalidRequest.Errorf("response_type is missing")
	default:
		return oauth.UnsupportedResponseType.Errorf("response_type has to be code")
	}
	request.ResponseMode = p.get("response_mode")
	if request.ResponseMode != "" && !slices.Contains(c.ResponseModes, request.ResponseMode) {
		return oauth.InvalidRequest.Errorf("response_mode is not one that the client may use")
	}
	return nil
}

// RFC 6749 §3.3: without the parameter, the client's default; never more than is registered for it.
func checkScope(_ *issuer, c *client.Client, p params, request *authorizationRequest) error {
	request.Scopes = oauth.ParseScopes(p.get("scope"))
	if len(request.Scopes) == 0 {
		request.Scopes = c.DefaultScopes
	}
	if len(request.Scopes) == 0 {
		return oauth.InvalidScope.Errorf("scope is missing, and the client has no default")
	}
	if !c.Scopes.Covers(request.Scopes) {
		return oauth.InvalidScope.Errorf("a scope is unknown or not registered for the client")
	}
	return nil
}

// RFC 8707 §2: a resource that we do not know is refused.
func checkResources(iss *issuer, _ *client.Client, p params, request *authorizationRequest) error {
	for _, resource := range p.resources {
		if !knownResource(iss, resource) {
			return oauth.InvalidTarget.Errorf("resource is unknown")
		}
	}
	request.Resources = p.resources
	return nil
}

const (
	challengeBytes  = 32 // a SHA-256
	thumbprintBytes = 32 // a SHA-256
)

// RFC 7636 §4.3 and §4.4.1, RFC 9700 §2.1.1: S256 only. A missing method means plain, which is refused.
func checkChallenge(_ *issuer, c *client.Client, p params, request *authorizationRequest) error {
	challenge, method := p.get("code_challenge"), p.get("code_challenge_method")
	if challenge == "" {
		if method != "" || c.PKCE != client.PKCEOptional {
			return oauth.InvalidRequest.Errorf("code_challenge is missing")
		}
		return nil
	}
	if method != oauth.ChallengeMethodS256 {
		return oauth.InvalidRequest.Errorf("code_challenge_method has to be S256")
	}
	sum, err := base64.RawURLEncoding.Strict().DecodeString(challenge)
	if err != nil || len(sum) != challengeBytes {
		return oauth.InvalidRequest.Errorf("code_challenge is not the base64url of a SHA-256")
	}
	request.CodeChallenge = challenge
	return nil
}

// OpenID Connect Core §3.1.2.1: none stands alone.
func checkPrompt(_ *issuer, _ *client.Client, p params, request *authorizationRequest) error {
	request.Prompt = strings.Fields(p.get("prompt"))
	for _, value := range request.Prompt {
		switch value {
		case promptNone, promptLogin, promptConsent, promptSelectAccount:
		default:
			return oauth.InvalidRequest.Errorf("prompt has an unknown value")
		}
	}
	if len(request.Prompt) > 1 && slices.Contains(request.Prompt, promptNone) {
		return oauth.InvalidRequest.Errorf("prompt none stands alone")
	}
	return nil
}

// maxMaxAge keeps the arithmetic from overflowing; nobody stays signed in for ten years.
const maxMaxAge = 10 * 365 * 24 * 60 * 60

func checkMaxAge(_ *issuer, _ *client.Client, p params, request *authorizationRequest) error {
	text := p.get("max_age")
	if text == "" {
		return nil
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds < 0 {
		return oauth.InvalidRequest.Errorf("max_age is not a number of seconds")
	}
	age := time.Duration(min(seconds, maxMaxAge)) * time.Second
	request.MaxAge = &age
	return nil
}

// OpenID Connect Core §3.1.2.1: the user that the client expects. A hint that is not one of our ID tokens is an error.
func checkIDTokenHint(iss *issuer, _ *client.Client, p params, request *authorizationRequest) error {
	hint := p.get("id_token_hint")
	if hint == "" {
		return nil
	}
	token, err := iss.tokens.VerifyIDHint(hint)
	if err != nil {
		return oauth.InvalidRequest.Errorf("id_token_hint is not an id token of this issuer").Because(err)
	}
	request.HintedSubject = token.Subject
	return nil
}
