package adminapi

import (
	"net/http"
	"strings"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/oauth"
)

// authenticate says who a request comes from: the bearer of a configured token, or the holder of a certificate that the listener has
// verified. Two credentials at once are none.
func (a *API) authenticate(r *http.Request) (actor string, err error) {
	headers := r.Header.Values("Authorization")
	certificate := a.Certificates && r.TLS != nil && len(r.TLS.VerifiedChains) > 0
	switch {
	case len(headers) == 1 && len(a.Tokens) > 0:
		if name, known := a.bearer(headers[0]); known {
			return name, nil
		}
	case len(headers) == 0 && certificate:
		return "certificate " + r.TLS.PeerCertificates[0].Subject.String(), nil
	case len(headers) == 0:
		return "", errNoCredential
	}
	a.Audit.Record(r.Context(), audit.AdminRejected, "", "method", r.Method)
	return "", errCredential
}

// bearer compares the hash with all of them, so that time tells nothing of which come close.
func (a *API) bearer(header string) (name string, known bool) {
	scheme, token, _ := strings.Cut(header, " ")
	given := oauth.Secret(strings.TrimSpace(token)).Hash()
	for _, one := range a.Tokens {
		if one.Hash.Equal(given) {
			name, known = one.Name, true
		}
	}
	return name, known && strings.EqualFold(scheme, "Bearer")
}

// record writes what was changed, and by whom. Names are of members that changed; what they say is never in it.
func (c *call) record(a *API, action, kind, workspace, name string, members ...string) {
	a.Audit.Record(c.Context(), audit.AdminChanged, workspace, "actor", c.actor, "action", action, "kind", kind, "name", name, "members", strings.Join(members, " "))
}
