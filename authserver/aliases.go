package authserver

// endpointAliases are the endpoints at the origin that asks clients for their certificates (RFC 8705 §5), by their names in the
// metadata; nil when the configuration has no such origin.
func (s *Server) endpointAliases(iss *issuer) map[string]string {
	if s.mutualTLS.baseURL == "" {
		return nil
	}
	base := s.mutualTLS.baseURL + iss.Path()
	return map[string]string{
		"token_endpoint":                        base + "/oauth2/token",
		"pushed_authorization_request_endpoint": base + "/oauth2/par",
		"userinfo_endpoint":                     base + "/oauth2/userinfo",
		"revocation_endpoint":                   base + "/oauth2/revoke",
		"introspection_endpoint":                base + "/oauth2/introspect",
	}
}
