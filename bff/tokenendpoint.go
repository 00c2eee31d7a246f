package bff

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// Access token types (RFC 6750 §6.1.1, RFC 9449 §7.1).
const (
	tokenTypeBearer = "Bearer"
	tokenTypeDPoP   = "DPoP"
)

// defaultTokenLifetime is assumed when expires_in is missing (RFC 6749 §5.1 only recommends it).
const defaultTokenLifetime = 5 * time.Minute

// tokenError is an error of the token endpoint (RFC 6749 §5.2). The description is for the log.
type tokenError struct {
	status      int
	code        string
	description string
}

func (e *tokenError) Error() string {
	return fmt.Sprintf("token endpoint: status %d, error %q: %q", e.status, e.code, e.description)
}

// transient reports whether the same request may work later. Only an answer in the endpoint's own format is a verdict.
func (e *tokenError) transient() bool {
	return e.code == "" || e.status >= http.StatusInternalServerError || e.status == http.StatusTooManyRequests ||
		e.code == "temporarily_unavailable" || e.code == "server_error"
}

// grant is what the token endpoint returned.
type grant struct {
	token        session.Token
	refreshToken string
	idToken      string
}

// tokenResponse is RFC 6749 §5.1 with OpenID Connect Core §3.1.3.3.
type tokenResponse struct {
	AccessToken  string   `json:"access_token"`
	TokenType    string   `json:"token_type"`
	ExpiresIn    lifetime `json:"expires_in"`
	RefreshToken string   `json:"refresh_token"`
	Scope        *string  `json:"scope"`
	IDToken      string   `json:"id_token"`
	Error        string   `json:"error"`
	Description  string   `json:"error_description"`
}

// lifetime is expires_in. It is only recommended (RFC 6749 §5.1), so an odd one is as good as none: with a refresh token that works
// once, nobody is signed out over it.
type lifetime float64

func (l *lifetime) UnmarshalJSON(data []byte) error {
	if seconds, err := strconv.ParseFloat(strings.Trim(string(data), `"`), 64); err == nil && seconds > 0 && seconds < 1e9 {
		*l = lifetime(seconds)
	}
	return nil
}

func (l lifetime) duration() time.Duration {
	if l == 0 {
		return defaultTokenLifetime
	}
	return time.Duration(float64(l) * float64(time.Second))
}

// request asks the token endpoint for tokens. asked are the scopes that the answer stands for when it names none.
func (p *provider) request(ctx context.Context, form url.Values, asked []string, key *proofKey) (grant, error) {
	m, err := p.metadata(ctx)
	if err != nil {
		return grant{}, err
	}
	sent := p.now()
	got, err := p.send(ctx, m, m.TokenEndpoint, form, key)
	if err != nil {
		return grant{}, fmt.Errorf("ask the token endpoint of %q: %w", p.cfg.ID, err)
	}
	var response tokenResponse
	if err := json.Unmarshal(got.body, &response); err != nil || !got.isJSON {
		return grant{}, &tokenError{status: got.status, description: "the answer is not JSON"}
	}
	if got.status != http.StatusOK {
		return grant{}, &tokenError{got.status, response.Error, response.Description}
	}
	granted, err := response.grant(sent, asked, key != nil)
	flow := p.out.flow(ctx)
	flow.Judge(api.TraceTokenEndpoint, api.StepTokenResponse)
	flow.Check("token_type", "RFC 6749 §7.1", err == nil)
	return granted, err
}

func (t *tokenResponse) grant(sent time.Time, asked []string, bound bool) (grant, error) {
	// RFC 6749 §7.1: a token of a type that is not understood must not be used. RFC 9449 §5: who asked for a bound token and
	// gets a bearer token does not have what it asked for.
	kind := tokenTypeBearer
	if bound {
		kind = tokenTypeDPoP
	}
	if t.AccessToken == "" || !strings.EqualFold(t.TokenType, kind) || !isTokenText(t.AccessToken) {
		return grant{}, errors.New("token endpoint: the answer has no usable access token")
	}
	// RFC 6749 §5.1: no scope means the scope that was asked for.
	scopes := asked
	if t.Scope != nil {
		scopes = strings.Fields(*t.Scope)
	}
	// The lifetime counts from before the request, so that ours never ends after theirs.
	token := session.Token{AccessToken: t.AccessToken, Type: kind, Scopes: scopes, Issued: sent, Expires: sent.Add(t.ExpiresIn.duration())}
	return grant{token: token, refreshToken: t.RefreshToken, idToken: t.IDToken}, nil
}

// errAnotherUser is an answer to a refresh token that is about somebody else.
var errAnotherUser = errors.New("the renewed tokens are another user's")

// continues holds a renewal to its session: an ID token that comes along is about the same user at the same issuer, for us (OpenID
// Connect Core §12.2). It comes from the token endpoint itself and nothing else is taken from it, so that no key is needed to
// read it; one that cannot be read says nothing.
func (g grant) continues(current session.Record) error {
	parts := strings.Split(g.idToken, ".")
	if len(parts) != 3 {
		return nil
	}
	var renewed idToken
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil || decodeClaims(payload, &renewed) != nil {
		return nil
	}
	if renewed.Issuer != current.Issuer || renewed.Subject != current.Subject {
		return errAnotherUser
	}
	return nil
}

// isTokenText is b64token of RFC 6750 §2.1, loosely: visible ASCII, so that a token cannot break out of its header.
func isTokenText(text string) bool {
	for i := range len(text) {
		if text[i] <= 0x20 || text[i] >= 0x7f {
			return false
		}
	}
	return true
}

// redeemCode exchanges an authorization code for tokens (RFC 6749 §4.1.3, RFC 7636 §4.5).
func (p *provider) redeemCode(ctx context.Context, code, verifier, redirectURI string, key *proofKey) (grant, error) {
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {redirectURI}, "code_verifier": {verifier},
	}
	p.addResource(form, p.cfg.Resource)
	return p.request(ctx, form, p.cfg.Scopes, key)
}

// refresh exchanges a refresh token. Scopes narrow the access token (RFC 6749 §6); nil asks for all.
func (p *provider) refresh(ctx context.Context, refreshToken, resource string, scopes []string, key *proofKey) (grant, error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}
	asked := p.cfg.Scopes
	if len(scopes) > 0 {
		asked = scopes
		form.Set("scope", strings.Join(scopes, " "))
	}
	p.addResource(form, resource)
	return p.request(ctx, form, asked, key)
}

// addResource asks for a token with one audience (RFC 8707 §2.2).
func (*provider) addResource(form url.Values, resource string) {
	if resource != "" {
		form.Set("resource", resource)
	}
}

// revoke ends a refresh token, and with it the grant (RFC 7009 §2.1).
func (p *provider) revoke(ctx context.Context, refreshToken string) error {
	m, err := p.metadata(ctx)
	if err != nil {
		return err
	}
	if m.RevocationEndpoint == "" || refreshToken == "" {
		return nil
	}
	form := url.Values{"token": {refreshToken}, "token_type_hint": {"refresh_token"}}
	got, err := p.send(ctx, m, m.RevocationEndpoint, form, nil)
	if err != nil {
		return fmt.Errorf("revoke at %q: %w", p.cfg.ID, err)
	}
	// RFC 7009 §2.2: 200 is the only success; 503 means that the token still lives.
	if got.status != http.StatusOK {
		return fmt.Errorf("revoke at %q: status %d", p.cfg.ID, got.status)
	}
	return nil
}
