package authserver

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/document"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/workspace"
)

const registrationPath = "/oauth2/register"

// registrationEndpoint is where clients register themselves, empty where they may not.
func registrationEndpoint(iss *issuer) string {
	if !iss.Registration.On() {
		return ""
	}
	return iss.Issuer() + registrationPath
}

// register makes a client of what it says of itself (RFC 7591), where the workspace lets it.
func (s *Server) register(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	if !iss.Registration.On() {
		return errNoPage
	}
	// Before anything is looked at: a flood costs a look into a table.
	if wait := s.limits.registrations.take(s.network(r)); wait > 0 {
		return busyPage(wait)
	}
	if err := checkInitialAccess(r, &iss.Registration); err != nil {
		return err
	}
	given, err := registrationBody(r)
	if err != nil {
		return err
	}
	data, err := given.document(iss)
	if err != nil {
		return err
	}
	made, secret, token, err := s.registry.Register(r.Context(), iss.Key(), data)
	if err != nil {
		return registrationFailed(err)
	}
	noteClient(r.Context(), made.ID)
	s.audit.Record(r.Context(), audit.ClientRegistered, iss.Key(), "client_id", made.ID, "action", "register")
	// RFC 7591 §3.2.1.
	writeJSON(w, http.StatusCreated, registrationAnswer(iss, made, secret, token))
	return nil
}

// checkInitialAccess holds a registration to the initial access token (RFC 7591 §3). All hashes are compared, so that time tells
// nothing of which come close.
func checkInitialAccess(r *http.Request, policy *workspace.Registration) error {
	if policy.Mode == workspace.RegistrationOpen {
		return nil
	}
	given, err := bearerOf(r)
	if err != nil {
		return err
	}
	known := false
	for _, one := range policy.InitialAccessTokens {
		if oauth.SecretHash(one).Equal(given.Hash()) {
			known = true
		}
	}
	if !known {
		return oauth.InvalidToken.Errorf("the initial access token is unknown")
	}
	return nil
}

// bearerOf is the one bearer token in the header (RFC 6750 §2.1).
func bearerOf(r *http.Request) (oauth.Secret, error) {
	headers := r.Header.Values("Authorization")
	if len(headers) == 0 {
		return "", oauth.InvalidToken.Errorf("an access token is needed in the authorization header").Because(errNoToken)
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if len(headers) > 1 || !strings.EqualFold(scheme, oauth.TokenTypeBearer) || token == "" {
		return "", oauth.InvalidToken.Errorf("the authorization header has no bearer token")
	}
	return oauth.Secret(token), nil
}

// registrationBody reads the client's metadata: one JSON object that everybody reads the same.
func registrationBody(r *http.Request) (*clientMetadata, error) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/json" {
		return nil, oauth.InvalidClientMetadata.Errorf("the content type has to be application/json")
	}
	body, err := io.ReadAll(r.Body)
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, oauth.InvalidClientMetadata.Errorf("the request body is too large").Because(errors.Join(errTooLarge, tooLarge))
	}
	if err != nil {
		return nil, oauth.InvalidRequest.Errorf("the request body could not be read").Because(err)
	}
	if err := document.Check(body); err != nil {
		return nil, oauth.InvalidClientMetadata.Errorf("the body is not one json object: %s", ascii(err.Error()))
	}
	return parseMetadata(body)
}

// registrationFailed tells a client what is wrong with what it said, in the code that RFC 7591 §3.2.2 has for it.
func registrationFailed(err error) error {
	if errors.Is(err, registry.ErrFull) {
		return oauth.TemporarilyUnavailable.Errorf("the workspace takes no more registrations for now").Because(err)
	}
	invalid, ok := errors.AsType[*registry.Invalid](err)
	if !ok {
		return storeFailed("register client", err)
	}
	problem := invalid.Problems[0]
	name := strings.ReplaceAll(strings.TrimPrefix(problem.Pointer, "/"), "/", " ")
	if strings.HasPrefix(name, "redirect_uris") {
		return oauth.InvalidRedirectURI.Errorf("%s: %s", name, ascii(problem.Detail))
	}
	return oauth.InvalidClientMetadata.Errorf("%s: %s", name, ascii(problem.Detail))
}

// ascii keeps a description to what RFC 6749 §5.2 allows in one.
func ascii(text string) string {
	return strings.Map(func(letter rune) rune {
		switch {
		case letter == '"' || letter == '\\':
			return '\''
		case letter == '§':
			return -1
		case letter < 0x20 || letter > 0x7e:
			return '?'
		default:
			return letter
		}
	}, text)
}

// noteUse keeps a client that registered itself from being swept as unused.
func (s *Server) noteUse(ctx context.Context, iss *issuer, c *client.Client) {
	if err := s.registry.Use(ctx, iss.Key(), c.ID); err != nil {
		s.log.WarnContext(ctx, "the use of a client was not marked", "workspace", iss.Key(), "client_id", c.ID, "error", err)
	}
}

// sweepRegistrations deletes the clients that registered themselves and never came back.
func (s *Server) sweepRegistrations(ctx context.Context) {
	swept, err := s.registry.SweepDynamic(ctx)
	s.metrics.swept.Add(float64(swept))
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "sweep of registrations failed", "error", err)
	}
}
