package authserver

import (
	"net/http"

	"github.com/lestrrat-go/jwx/v2/jwk"

	"cloakroom/authserver/upstream"
)

// upstreamKeys has the public key that we sign our assertions with at an upstream provider, where it was given this address as our
// jwks_uri (RFC 7591 §2).
func (s *Server) upstreamKeys(w http.ResponseWriter, r *http.Request, iss *issuer) error {
	source := iss.Upstream(r.PathValue("source"))
	if source == nil || source.ClientKey == nil {
		return errNoPage
	}
	public, err := upstream.PublicKey(source.ClientKey)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string][]jwk.Key{"keys": {public}})
	return nil
}
