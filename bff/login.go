package bff

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"cloakroom/bff/api"
	"cloakroom/bff/session"
)

// login starts a sign-in.
//
// Step 1b: the user wants to use the application; the BFF remembers where they were and what it is about to ask for, in
// a sealed cookie that only this browser has.
func (b *BFF) login(w http.ResponseWriter, r *http.Request) error {
	query, err := singleValues(r.URL.RawQuery)
	if err != nil {
		return err
	}
	returnURL, err := parseReturnURL(query.Get("returnUrl"))
	if err != nil {
		return err
	}
	// The cookie of the session is Strict, so the callback does not see it; the session to replace is known here only.
	current, err := b.sessions.Current(r)
	if err != nil {
		current = session.Record{}
	}
	attempt := b.attempts(r) + 1
	if b.isLooping(current) || attempt > attemptLimit {
		return refuse(api.LoginLoop, "too many sign-ins followed each other; please wait a moment before you try again")
	}
	flow := b.flow(r.Context())
	flow.Show(current.ID)
	p, err := b.chooseProvider(query.Get("provider"), current)
	if err != nil {
		return err
	}
	flow.Provider(p.cfg.ID)
	options, err := parseLoginOptions(query)
	if err != nil {
		return err
	}
	m, err := p.metadata(r.Context())
	if err != nil {
		return refuse(api.IDPUnavailable, "the sign-in service cannot be reached; try again in a moment").because(err)
	}
	tx, err := b.newTransaction(p, m, options)
	if err != nil {
		return err
	}
	tx.ReturnURL, tx.Previous, tx.Attempt = returnURL, current.ID, attempt
	flow.Correlate(tx.State)
	if options.popup {
		tx.ReturnURL = api.PathPopup
	}
	location, err := b.authorizationURL(r.Context(), p, m, tx, options)
	if err != nil {
		return refuse(api.IDPUnavailable, "the sign-in service does not take requests at the moment").because(err)
	}
	if err := b.keepTransaction(w, r, tx); err != nil {
		return err
	}
	flow.Hold(r.Context(), api.HoldRedirect)
	redirect(w, location)
	return nil
}

// newTransaction has all that makes this sign-in its own, and what its answer will be held to.
func (b *BFF) newTransaction(p *provider, m *metadata, options loginOptions) (*transaction, error) {
	tx := &transaction{
		State: randomText(), Nonce: randomText(), Verifier: randomText(), Provider: p.cfg.ID, Issuer: m.Issuer,
		MaxAge: options.maxAge, ACR: strings.Fields(options.parameters["acr_values"]), Started: b.now(),
	}
	if !p.cfg.DPoP {
		return tx, nil
	}
	scalar, err := newProofKey()
	tx.ProofKey = []byte(scalar)
	return tx, err
}

// authorizationURL is where the browser goes to sign in.
//
// Step 2a: the BFF calls the authorize endpoint, through the browser, with a fresh state, nonce and PKCE challenge.
func (b *BFF) authorizationURL(ctx context.Context, p *provider, m *metadata, tx *transaction, options loginOptions) (string, error) {
	challenge := sha256.Sum256([]byte(tx.Verifier))
	parameters := url.Values{
		"response_type":         {"code"},
		"client_id":             {p.cfg.ClientID},
		"redirect_uri":          {b.redirectURI(p)},
		"scope":                 {strings.Join(p.cfg.Scopes, " ")},
		"state":                 {tx.State},
		"nonce":                 {tx.Nonce},
		"code_challenge":        {base64.RawURLEncoding.EncodeToString(challenge[:])},
		"code_challenge_method": {"S256"},
	}
	// RFC 8707 §2: all audiences that tokens of this sign-in will be asked for.
	if resources := b.resources(p); len(resources) > 0 {
		parameters["resource"] = resources
	}
	for name, value := range options.parameters {
		parameters.Set(name, value)
	}
	for name, value := range p.cfg.AuthorizeParams {
		parameters.Set(name, value)
	}
	// RFC 9449 §10: the code is of use only with the key that this announces.
	key, err := parseProofKey(string(tx.ProofKey))
	if err != nil {
		return "", err
	}
	if key != nil {
		jkt, err := key.thumbprint()
		if err != nil {
			return "", err
		}
		parameters.Set("dpop_jkt", jkt)
	}
	return p.authorizationRequest(ctx, m, parameters, key)
}

// redirectURI is one per provider, and never made from a request (RFC 9700 §4.4.2.2).
func (b *BFF) redirectURI(p *provider) string { return b.cfg.Origin + api.PathCallback + p.cfg.ID }

// resources are those of the default token and of all user routes.
func (b *BFF) resources(p *provider) []string {
	found := b.cfg.userResources()
	if p.cfg.Resource != "" && !slices.Contains(found, p.cfg.Resource) {
		found = append(found, p.cfg.Resource)
	}
	return found
}

// chooseProvider takes the provider that is named, else that of the session to replace, else the first configured.
func (b *BFF) chooseProvider(id string, current session.Record) (*provider, error) {
	if p := b.providerOf(current); id == "" && p != nil {
		return p, nil
	}
	if id == "" {
		id = b.cfg.Providers[0].ID
	}
	p := b.providers[id]
	if p == nil {
		return nil, refuse(api.UnknownProvider, "there is no such sign-in service")
	}
	return p, nil
}

// loginOptions are what the page may ask of a sign-in (OpenID Connect Core §3.1.2.1).
type loginOptions struct {
	parameters map[string]string
	maxAge     *int64
	popup      bool // the sign-in runs in a window of its own, which ends on [api.PathPopup]
}

func parseLoginOptions(query url.Values) (loginOptions, error) {
	options := loginOptions{parameters: map[string]string{}}
	for _, name := range []string{"prompt", "acr_values", "max_age", "login_hint"} {
		if value := query.Get(name); value != "" {
			options.parameters[name] = value
		}
	}
	if !isPrompt(options.parameters["prompt"]) {
		return loginOptions{}, refuse(api.InvalidRequest, "prompt is not none, or some of login, consent, select_account and create")
	}
	for name, value := range options.parameters {
		if len(value) > 256 || strings.ContainsFunc(value, func(c rune) bool { return c < 0x20 || c == 0x7f }) {
			return loginOptions{}, refuse(api.InvalidRequest, name+" is too long or has control characters")
		}
	}
	switch query.Get("mode") {
	case "", "redirect":
	case "popup":
		options.popup = true
	default:
		return loginOptions{}, refuse(api.InvalidRequest, "mode is not redirect or popup")
	}
	text, given := options.parameters["max_age"]
	if !given {
		return options, nil
	}
	seconds, err := strconv.ParseInt(text, 10, 32)
	if err != nil || seconds < 0 {
		return loginOptions{}, refuse(api.InvalidRequest, "max_age is not a number of seconds")
	}
	options.maxAge = &seconds
	return options, nil
}

func isPrompt(text string) bool {
	values := strings.Fields(text)
	for _, value := range values {
		if !slices.Contains([]string{"none", "login", "consent", "select_account", "create"}, value) {
			return false
		}
	}
	return len(values) < 2 || !slices.Contains(values, "none")
}

// singleValues refuses a parameter that is there twice: of two, each reader takes another (RFC 6749 §3.1).
func singleValues(query string) (url.Values, error) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return nil, refuse(api.InvalidRequest, "the parameters cannot be read").because(err)
	}
	for name, list := range values {
		if len(list) > 1 {
			return nil, refuse(api.InvalidRequest, "a parameter is there more than once: "+strconv.Quote(name))
		}
	}
	return values, nil
}

// redirect sends a navigation on with 303, so that a POST never goes along (RFC 9700 §4.12).
func redirect(w http.ResponseWriter, location string) {
	w.Header().Set("Location", location)
	w.WriteHeader(http.StatusSeeOther)
}
