package authserver

import (
	"net/http"
	"slices"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/client"
	"cloakroom/authserver/dpop"
	"cloakroom/authserver/oauth"
)

// metadata is RFC 8414 §2 and OpenID Connect Discovery §3 in one: the two documents are the same here.
type metadata struct {
	Issuer                      string   `json:"issuer"`
	AuthorizationEndpoint       string   `json:"authorization_endpoint"`
	TokenEndpoint               string   `json:"token_endpoint"`
	PAREndpoint                 string   `json:"pushed_authorization_request_endpoint"`
	RequirePAR                  bool     `json:"require_pushed_authorization_requests"`
	JWKSURI                     string   `json:"jwks_uri"`
	UserinfoEndpoint            string   `json:"userinfo_endpoint"`
	RevocationEndpoint          string   `json:"revocation_endpoint"`
	IntrospectionEndpoint       string   `json:"introspection_endpoint"`
	IntrospectionAuthMethods    []string `json:"introspection_endpoint_auth_methods_supported"`
	IntrospectionAuthAlgorithms []string `json:"introspection_endpoint_auth_signing_alg_values_supported"`
	IntrospectionAlgorithms     []string `json:"introspection_signing_alg_values_supported"`
	EndSessionEndpoint          string   `json:"end_session_endpoint"`
	RegistrationEndpoint        string   `json:"registration_endpoint,omitempty"`
	ScopesSupported             []string `json:"scopes_supported"`
	ResponseTypesSupported      []string `json:"response_types_supported"`
	ResponseModesSupported      []string `json:"response_modes_supported"`
	GrantTypesSupported         []string `json:"grant_types_supported"`
	PromptValuesSupported       []string `json:"prompt_values_supported"`
	SubjectTypesSupported       []string `json:"subject_types_supported"`
	ACRValuesSupported          []string `json:"acr_values_supported"`
	ClaimsSupported             []string `json:"claims_supported"`
	IDTokenAlgorithms           []string `json:"id_token_signing_alg_values_supported"`
	UserinfoAlgorithms          []string `json:"userinfo_signing_alg_values_supported"`
	ClientAuthMethods           []string `json:"token_endpoint_auth_methods_supported"`
	ClientAuthAlgorithms        []string `json:"token_endpoint_auth_signing_alg_values_supported"`
	RevocationAuthMethods       []string `json:"revocation_endpoint_auth_methods_supported"`
	RevocationAuthAlgorithms    []string `json:"revocation_endpoint_auth_signing_alg_values_supported"`
	CodeChallengeMethods        []string `json:"code_challenge_methods_supported"`
	DPoPAlgorithms              []string `json:"dpop_signing_alg_values_supported"`
	CertificateBound            bool     `json:"tls_client_certificate_bound_access_tokens"`
	IssInResponse               bool     `json:"authorization_response_iss_parameter_supported"`

	EndpointAliases map[string]string `json:"mtls_endpoint_aliases,omitempty"`

	ClaimTypesSupported         []string `json:"claim_types_supported"`
	ClaimsParameterSupported    bool     `json:"claims_parameter_supported"`
	RequestParameterSupported   bool     `json:"request_parameter_supported"`
	RequestURISupported         bool     `json:"request_uri_parameter_supported"`
	RequireRequestRegistration  bool     `json:"require_request_uri_registration"`
	BackchannelLogoutSupported  bool     `json:"backchannel_logout_supported"`
	BackchannelSessionSupported bool     `json:"backchannel_logout_session_supported"`
}

// discovery publishes what the issuer can do.
func (s *Server) discovery(w http.ResponseWriter, _ *http.Request, iss *issuer) error {
	issuer := iss.Issuer()
	authMethods := authMethodsOf(iss)
	writeJSON(w, http.StatusOK, metadata{
		Issuer:                      issuer,
		AuthorizationEndpoint:       issuer + "/oauth2/authorize",
		TokenEndpoint:               issuer + "/oauth2/token",
		PAREndpoint:                 issuer + "/oauth2/par",
		RequirePAR:                  iss.Policy.PushedOnly(),
		JWKSURI:                     issuer + "/oauth2/jwks",
		UserinfoEndpoint:            issuer + "/oauth2/userinfo",
		RevocationEndpoint:          issuer + "/oauth2/revoke",
		IntrospectionEndpoint:       issuer + "/oauth2/introspect",
		IntrospectionAuthMethods:    slices.DeleteFunc(slices.Clone(authMethods), func(method string) bool { return method == oauth.AuthNone }),
		IntrospectionAuthAlgorithms: algorithmNames(iss.ClientAlgorithms()),
		IntrospectionAlgorithms:     []string{iss.Policy.AccessTokenAlgorithm.String()},
		EndSessionEndpoint:          issuer + "/oauth2/logout",
		RegistrationEndpoint:        registrationEndpoint(iss),
		ScopesSupported:             allScopes(iss),
		ResponseTypesSupported:      []string{"code"},
		ResponseModesSupported:      client.ResponseModes(),
		GrantTypesSupported:         []string{oauth.GrantAuthorizationCode, oauth.GrantRefreshToken, oauth.GrantClientCredentials},
		PromptValuesSupported:       []string{promptNone, promptLogin, promptConsent, promptSelectAccount},
		SubjectTypesSupported:       []string{"public"},
		ACRValuesSupported:          iss.acrValues(),
		ClaimsSupported:             supportedClaims(),
		IDTokenAlgorithms:           []string{iss.Policy.IDTokenAlgorithm.String()},
		UserinfoAlgorithms:          algorithmNames(iss.Policy.Algorithms()),
		ClientAuthMethods:           authMethods,
		ClientAuthAlgorithms:        algorithmNames(iss.ClientAlgorithms()),
		RevocationAuthMethods:       authMethods,

		RevocationAuthAlgorithms:    algorithmNames(iss.ClientAlgorithms()),
		CodeChallengeMethods:        []string{oauth.ChallengeMethodS256},
		BackchannelLogoutSupported:  true,
		BackchannelSessionSupported: true,
		DPoPAlgorithms:              algorithmNames(dpop.Algorithms()),
		CertificateBound:            true,
		ClaimsParameterSupported:    true,
		ClaimTypesSupported:         []string{"normal"},
		IssInResponse:               true,
		EndpointAliases:             s.endpointAliases(iss),
	})
	return nil
}

// authMethodsOf are the client authentication methods of the workspace, and algorithmNames those of their assertions.
func authMethodsOf(iss *issuer) []string {
	if iss.FAPI() {
		return []string{oauth.AuthPrivateKeyJWT, oauth.AuthTLS, oauth.AuthSelfSignedTLS}
	}
	return client.AuthMethods()
}

func algorithmNames(algorithms []jwa.SignatureAlgorithm) []string {
	names := make([]string, 0, len(algorithms))
	for _, algorithm := range algorithms {
		names = append(names, algorithm.String())
	}
	return names
}

// supportedClaims lists the claims of ID tokens, and those of userinfo.
func supportedClaims() []string {
	claims := []string{"sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "sid", "at_hash"}
	for _, scope := range []string{"profile", "email", "address", "phone"} {
		claims = append(claims, claimsByScope[scope]...)
	}
	return slices.Clip(claims)
}
