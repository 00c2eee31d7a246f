package authserver

import (
	"encoding/json"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/workspace"
)

// clientMetadata is what a client says of itself: RFC 7591 §2 and OpenID Connect Dynamic Client Registration 1.0 §2, with the members of
// the other specifications that this server implements. What is not here is ignored (RFC 7591 §2), logo_uri among it: no page loads what a
// stranger names.
type clientMetadata struct {
	RedirectURIs            []string        `json:"redirect_uris"`
	AuthMethod              string          `json:"token_endpoint_auth_method"`
	AuthAlgorithm           string          `json:"token_endpoint_auth_signing_alg"`
	GrantTypes              []string        `json:"grant_types"`
	ResponseTypes           []string        `json:"response_types"`
	Name                    string          `json:"client_name"`
	URI                     string          `json:"client_uri"`
	Scope                   *string         `json:"scope"`
	JWKSURI                 string          `json:"jwks_uri"`
	JWKS                    json.RawMessage `json:"jwks"`
	PostLogoutRedirectURIs  []string        `json:"post_logout_redirect_uris"`
	BackchannelLogoutURI    string          `json:"backchannel_logout_uri"`
	BackchannelSession      bool            `json:"backchannel_logout_session_required"`
	RequirePAR              bool            `json:"require_pushed_authorization_requests"`
	DPoPBound               bool            `json:"dpop_bound_access_tokens"`
	CertificateBound        bool            `json:"tls_client_certificate_bound_access_tokens"`
	SubjectDN               string          `json:"tls_client_auth_subject_dn"`
	SubjectDNS              string          `json:"tls_client_auth_san_dns"`
	SubjectURI              string          `json:"tls_client_auth_san_uri"`
	SubjectIP               string          `json:"tls_client_auth_san_ip"`
	SubjectEmail            string          `json:"tls_client_auth_san_email"`
	UserinfoAlgorithm       string          `json:"userinfo_signed_response_alg"`
	IDTokenAlgorithm        string          `json:"id_token_signed_response_alg"`
	SubjectType             string          `json:"subject_type"`
	SoftwareStatement       json.RawMessage `json:"software_statement"`
	SectorIdentifier        json.RawMessage `json:"sector_identifier_uri"`
	IDTokenEncryption       json.RawMessage `json:"id_token_encrypted_response_alg"`
	UserinfoEncryption      json.RawMessage `json:"userinfo_encrypted_response_alg"`
	RequestObjectAlgorithm  json.RawMessage `json:"request_object_signing_alg"`
	RequestObjectEncryption json.RawMessage `json:"request_object_encryption_alg"`

	// Of a replacement (RFC 7592 §2.2).
	ClientID          string          `json:"client_id"`
	ClientSecret      *oauth.Secret   `json:"client_secret"`
	RegistrationToken json.RawMessage `json:"registration_access_token"`
	RegistrationURI   json.RawMessage `json:"registration_client_uri"`
	SecretExpires     json.RawMessage `json:"client_secret_expires_at"`
	ClientIDIssued    json.RawMessage `json:"client_id_issued_at"`
}

func parseMetadata(body []byte) (*clientMetadata, error) {
	given := new(clientMetadata)
	if err := json.Unmarshal(body, given); err != nil {
		return nil, oauth.InvalidClientMetadata.Errorf("a member has another type than it should").Because(err)
	}
	return given, nil
}

// Limits of what a stranger can have us keep.
const (
	maxRegisteredURIs = 20
	maxRegisteredURI  = 2000
	maxClientName     = 100
)

// document checks the metadata by the workspace's policy and makes the document of a client of it. What is checked for every client,
// the registry checks.
func (m *clientMetadata) document(iss *issuer) ([]byte, error) {
	for _, check := range []func(*issuer) error{m.checkUnsupported, m.checkRedirects, m.checkPolicy, m.checkTexts} {
		if err := check(iss); err != nil {
			return nil, err
		}
	}
	registered := map[string]any{}
	for name, value := range map[string]any{
		"name": m.Name, "uri": m.URI, "token_endpoint_auth_method": m.authMethod(), "token_endpoint_auth_signing_alg": m.AuthAlgorithm,
		"jwks_uri": m.JWKSURI, "redirect_uris": m.RedirectURIs, "post_logout_redirect_uris": m.PostLogoutRedirectURIs,
		"backchannel_logout_uri": m.BackchannelLogoutURI, "backchannel_logout_session_required": m.BackchannelSession,
		"grant_types": m.grantTypes(), "scopes": m.scopes(iss), "require_pushed_authorization_requests": m.RequirePAR,
		"dpop_bound_access_tokens": m.DPoPBound, "tls_client_certificate_bound_access_tokens": m.CertificateBound,
		"tls_client_auth_subject_dn": m.SubjectDN, "tls_client_auth_san_dns": m.SubjectDNS, "tls_client_auth_san_uri": m.SubjectURI,
		"tls_client_auth_san_ip": m.SubjectIP, "tls_client_auth_san_email": m.SubjectEmail,
		"userinfo_signed_response_alg": m.UserinfoAlgorithm,
	} {
		registered[name] = value
	}
	if m.JWKS != nil {
		registered["jwks"] = m.JWKS
	}
	return json.Marshal(registered)
}

// checkUnsupported refuses, in words, what would change what the client gets if it were ignored.
func (m *clientMetadata) checkUnsupported(iss *issuer) error {
	switch {
	case m.SoftwareStatement != nil: // RFC 7591 §2.3: nobody here vouches for one
		return oauth.InvalidSoftwareStatement.Errorf("software statements are not accepted here: no issuer of them is trusted; send the members themselves")
	case m.SectorIdentifier != nil || m.SubjectType != "" && m.SubjectType != "public":
		return oauth.InvalidClientMetadata.Errorf("subject_type: only public is supported, without sector_identifier_uri")
	case m.IDTokenEncryption != nil || m.UserinfoEncryption != nil || m.RequestObjectEncryption != nil:
		return oauth.InvalidClientMetadata.Errorf("encryption is not supported")
	case m.RequestObjectAlgorithm != nil:
		return oauth.InvalidClientMetadata.Errorf("request_object_signing_alg: request objects are not supported; push the request")
	case m.IDTokenAlgorithm != "" && m.IDTokenAlgorithm != iss.Policy.IDTokenAlgorithm.String():
		return oauth.InvalidClientMetadata.Errorf("id_token_signed_response_alg: id tokens are signed with %s here", iss.Policy.IDTokenAlgorithm)
	case len(m.ResponseTypes) > 0 && !slices.Equal(m.ResponseTypes, []string{"code"}):
		return oauth.InvalidClientMetadata.Errorf("response_types: only code is supported")
	default:
		return nil
	}
}

// checkRedirects holds every address that a user's browser may be sent to, to the workspace's hosts.
func (m *clientMetadata) checkRedirects(iss *issuer) error {
	if len(m.RedirectURIs)+len(m.PostLogoutRedirectURIs) > maxRegisteredURIs {
		return oauth.InvalidRedirectURI.Errorf("there are more than %d addresses", maxRegisteredURIs)
	}
	for _, uri := range slices.Concat(m.RedirectURIs, m.PostLogoutRedirectURIs) {
		if len(uri) > maxRegisteredURI {
			return oauth.InvalidRedirectURI.Errorf("an address is longer than %d bytes", maxRegisteredURI)
		}
		if err := oauth.CheckURL(uri); err != nil {
			return oauth.InvalidRedirectURI.Errorf("an address %s", ascii(err.Error()))
		}
		parsed, err := url.Parse(uri)
		if err != nil {
			return oauth.InvalidRedirectURI.Errorf("an address is none").Because(err)
		}
		if !mayRedirectTo(&iss.Registration, parsed) {
			return oauth.InvalidRedirectURI.Errorf("the host %s is not one that clients may register here", ascii(parsed.Hostname()))
		}
	}
	return nil
}

func mayRedirectTo(policy *workspace.Registration, uri *url.URL) bool {
	host := strings.ToLower(strings.TrimSuffix(uri.Hostname(), "."))
	if address, err := netip.ParseAddr(host); host == "localhost" || strings.HasSuffix(host, ".localhost") || err == nil && address.Unmap().IsLoopback() {
		return policy.LoopbackRedirects
	}
	if last := host[strings.LastIndexByte(host, '.')+1:]; strings.HasPrefix(last, "0x") || last != "" && last[0] >= '0' && last[0] <= '9' {
		if _, err := netip.ParseAddr(host); err != nil { // 2130706433 and 0x7f.1 are addresses to browsers, and to nobody else
			return false
		}
	}
	if len(policy.RedirectHosts) == 0 {
		return true
	}
	return slices.ContainsFunc(policy.RedirectHosts, func(allowed string) bool {
		if below, wild := strings.CutPrefix(allowed, "*."); wild {
			return strings.HasSuffix(host, "."+below)
		}
		return host == allowed
	})
}

// checkPolicy holds the client to what the workspace lets clients register for.
func (m *clientMetadata) checkPolicy(iss *issuer) error {
	policy := &iss.Registration
	if method := m.authMethod(); !slices.Contains(policy.AuthMethods, method) {
		return oauth.InvalidClientMetadata.Errorf("token_endpoint_auth_method: %s is none of %s", ascii(method), strings.Join(policy.AuthMethods, ", "))
	}
	for _, grantType := range m.grantTypes() {
		if !slices.Contains(policy.GrantTypes, grantType) {
			return oauth.InvalidClientMetadata.Errorf("grant_types: %s is none of %s", ascii(grantType), strings.Join(policy.GrantTypes, ", "))
		}
	}
	if scopes := m.scopes(iss); !policy.Scopes.Covers(scopes) {
		return oauth.InvalidClientMetadata.Errorf("scope: only %s can be registered here", policy.Scopes)
	}
	return nil
}

// checkTexts bounds what other people will read: one line of visible text.
func (m *clientMetadata) checkTexts(*issuer) error {
	invisible := func(letter rune) bool { return !unicode.IsGraphic(letter) || unicode.Is(unicode.Bidi_Control, letter) }
	if utf8.RuneCountInString(m.Name) > maxClientName || strings.ContainsFunc(m.Name, invisible) {
		return oauth.InvalidClientMetadata.Errorf("client_name: is longer than %d characters, or has some that cannot be seen", maxClientName)
	}
	for _, uri := range []string{m.URI, m.JWKSURI, m.BackchannelLogoutURI} {
		if len(uri) > maxRegisteredURI {
			return oauth.InvalidClientMetadata.Errorf("an address is longer than %d bytes", maxRegisteredURI)
		}
	}
	return nil
}

// authMethod is RFC 7591 §2: without one, client_secret_basic.
func (m *clientMetadata) authMethod() string {
	if m.AuthMethod == "" {
		return oauth.AuthSecretBasic
	}
	return m.AuthMethod
}

func (m *clientMetadata) grantTypes() []string {
	if len(m.GrantTypes) == 0 {
		return []string{oauth.GrantAuthorizationCode}
	}
	return m.GrantTypes
}

// scopes are those that it asks for; without a word about it, all that it may have (RFC 7591 §2).
func (m *clientMetadata) scopes(iss *issuer) oauth.Scopes {
	if m.Scope == nil {
		return iss.Registration.Scopes
	}
	return oauth.ParseScopes(*m.Scope)
}
