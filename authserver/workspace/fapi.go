package workspace

import (
	"errors"
	"fmt"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
)

// setFAPIDefaults fills in what the FAPI 2.0 Security Profile decides, where the configuration says nothing.
func (p *Policy) setFAPIDefaults() {
	yes := true
	setDefault(&p.RequirePAR, &yes)                     // FAPI 2.0 §5.3.2.2 (3)
	setDefault(&p.Confidential.Rotation, RotationNever) // FAPI 2.0 §5.3.2.1 (9)
	setDefault(&p.IDTokenAlgorithm, jwa.PS256)          // FAPI 2.0 §5.4.1
	setDefault(&p.AccessTokenAlgorithm, jwa.PS256)      // FAPI 2.0 §5.4.1
}

// fapiProblems lists what contradicts the FAPI 2.0 Security Profile.
func (w *Workspace) fapiProblems() []error {
	var problems []error
	report := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf("preset fapi2: %w", fmt.Errorf(format, args...)))
	}
	policy := &w.Policy
	// FAPI 2.0 §5.3.2.2 (2) and (3).
	if !policy.PushedOnly() {
		report("policy: require_par: has to be true (FAPI 2.0 §5.3.2.2)")
	}
	// FAPI 2.0 §5.3.2.1 (9).
	if policy.Confidential.Rotates() {
		report("policy: refresh_confidential: rotation: has to be never (FAPI 2.0 §5.3.2.1)")
	}
	// FAPI 2.0 §5.4.1.
	for key, algorithm := range map[string]jwa.SignatureAlgorithm{
		"access_token_signing_alg": policy.AccessTokenAlgorithm, "id_token_signing_alg": policy.IDTokenAlgorithm,
	} {
		if !slices.Contains(w.ClientAlgorithms(), algorithm) {
			report("policy: %s: %q is none of PS256, ES256 and EdDSA (FAPI 2.0 §5.4.1)", key, algorithm)
		}
	}
	for position := range w.Clients {
		registered := &w.Clients[position]
		for _, problem := range w.fapiClientProblems(registered) {
			report("client %q: %w", registered.ID, problem)
		}
	}
	return problems
}

func (w *Workspace) fapiClientProblems(c *client.Client) []error {
	var problems []error
	// FAPI 2.0 §5.3.2.1 (3) and (6).
	if !slices.Contains([]string{oauth.AuthPrivateKeyJWT, oauth.AuthTLS, oauth.AuthSelfSignedTLS}, c.AuthMethod) {
		problems = append(problems, fmt.Errorf("token_endpoint_auth_method: %q is none of private_key_jwt, tls_client_auth and self_signed_tls_client_auth (FAPI 2.0 §5.3.2.1)", c.AuthMethod))
	}
	// FAPI 2.0 §5.3.2.1 (4) and (5).
	if len(c.GrantTypes) > 0 && !c.DPoPBound && !c.CertificateBound {
		problems = append(problems, errors.New("dpop_bound_access_tokens or tls_client_certificate_bound_access_tokens has to be true (FAPI 2.0 §5.3.2.1)"))
	}
	// FAPI 2.0 §5.3.2.2 (5).
	if c.PKCE == client.PKCEOptional {
		problems = append(problems, errors.New("pkce: has to be required (FAPI 2.0 §5.3.2.2)"))
	}
	// FAPI 2.0 §5.4.1.
	for name, algorithm := range map[string]jwa.SignatureAlgorithm{"token_endpoint_auth_signing_alg": c.AssertionAlgorithm, "userinfo_signed_response_alg": c.UserinfoAlgorithm} {
		if algorithm != "" && !slices.Contains(w.ClientAlgorithms(), algorithm) {
			problems = append(problems, fmt.Errorf("%s: %q is none of PS256, ES256 and EdDSA (FAPI 2.0 §5.4.1)", name, algorithm))
		}
	}
	return problems
}
