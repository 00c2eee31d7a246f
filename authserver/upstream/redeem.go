package upstream

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"cloakroom/authserver/oauth"
)

// Answer is what came back to the callback.
type Answer struct {
	Code   string
	Issuer string // iss; empty for none
}

// Expected is what the answer is held against.
type Expected struct {
	Nonce    string
	Verifier string
	// NotBefore is the earliest instant at which the user may have authenticated; zero for any. The provider has to say it then.
	NotBefore time.Time
}

// CheckIssuer compares the iss of an authorization response, an error too, with the provider: one that is there has to be right, and
// one that the provider promises has to be there (RFC 9207 §2.4).
func (p *Provider) CheckIssuer(ctx context.Context, issuer string) error {
	of, err := p.discover(ctx)
	if err != nil {
		return err
	}
	if issuer == "" && !of.SaysIssuer {
		return nil
	}
	if subtle.ConstantTimeCompare([]byte(issuer), []byte(of.Issuer)) != 1 {
		return invalid("iss is %q", issuer)
	}
	return nil
}

// Redeem trades the code for the tokens and returns who the user is.
func (p *Provider) Redeem(ctx context.Context, answer Answer, expected Expected) (Identity, error) {
	if err := p.CheckIssuer(ctx, answer.Issuer); err != nil {
		return Identity{}, err
	}
	of, err := p.discover(ctx)
	if err != nil {
		return Identity{}, err
	}
	issued, err := p.exchange(ctx, of, answer.Code, expected.Verifier)
	if err != nil {
		return Identity{}, err
	}
	claims, err := p.verify(ctx, of, issued, expected)
	if err != nil {
		return Identity{}, err
	}
	identity := claims.identity()
	if !p.config.Userinfo {
		return identity, nil
	}
	more, err := p.userinfo(ctx, of, issued.AccessToken, identity.Subject)
	if err != nil {
		return Identity{}, err
	}
	maps.Copy(identity.Claims, more)
	return identity, nil
}

// tokens are what the token endpoint answers (OpenID Connect Core §3.1.3.3).
type tokens struct {
	AccessToken string `json:"access_token"`
	TokenType   string `json:"token_type"`
	IDToken     string `json:"id_token"`
}

func (p *Provider) exchange(ctx context.Context, of metadata, code, verifier string) (tokens, error) {
	document, status, err := p.post(ctx, of, of.TokenEndpoint, url.Values{
		"grant_type":    {oauth.GrantAuthorizationCode},
		"code":          {code},
		"redirect_uri":  {p.config.RedirectURI},
		"code_verifier": {verifier},
	})
	if err != nil {
		return tokens{}, err
	}
	if status != http.StatusOK {
		return tokens{}, refusal(of.TokenEndpoint, document, status)
	}
	var issued tokens
	if err := json.Unmarshal(document, &issued); err != nil {
		return tokens{}, invalid("token response: not JSON")
	}
	// OpenID Connect Core §3.1.3.3: a bearer token, and an ID token with it.
	if issued.IDToken == "" || issued.AccessToken == "" || !strings.EqualFold(issued.TokenType, oauth.TokenTypeBearer) {
		return tokens{}, invalid("token response: it has no ID token, or no bearer token")
	}
	return issued, nil
}

// refusal is what an endpoint said no with, for the log.
func refusal(address string, document []byte, status int) error {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	if err := badStatus(address, status); json.Unmarshal(document, &said) != nil || status >= http.StatusInternalServerError {
		return err
	}
	return invalid("%s answered %d: %.100q %.200q", address, status, said.Error, said.Description)
}

// userinfo asks for the user's claims. OpenID Connect Core §5.3.2: those of another subject are not to be used.
func (p *Provider) userinfo(ctx context.Context, of metadata, accessToken, subject string) (map[string]any, error) {
	document, err := p.get(ctx, of.UserinfoEndpoint, accessToken)
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	if err := json.Unmarshal(document, &claims); err != nil {
		return nil, invalid("userinfo: not a JSON object")
	}
	if claims["sub"] != subject {
		return nil, invalid("userinfo: it is of another subject")
	}
	return claims, nil
}
