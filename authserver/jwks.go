package authserver

import (
	"encoding/json"
	"fmt"
	"net/http"
)

// jwks publishes the keys (RFC 7517 §5). A short cache time keeps verifiers off our back and lets a new key be seen long before
// it signs.
func (s *Server) jwks(w http.ResponseWriter, _ *http.Request, iss *issuer) error {
	set, err := iss.keys.Public()
	if err != nil {
		return err
	}
	body, err := json.Marshal(set)
	if err != nil {
		return fmt.Errorf("encode jwks: %w", err)
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=60")
	_, _ = w.Write(body)
	return nil
}
