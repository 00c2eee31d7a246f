package resource

import (
	"net/http"
	"testing"
)

func TestSeveralIssuersSpeakForThemselvesOnly(t *testing.T) {
	one, other, stranger := newIssuer(t), newIssuer(t), newIssuer(t)
	verifiers := Several{one.verifier(), other.verifier()}
	forged := one.sign(one.header(), one.claims().with("iss", other.url))
	for _, row := range []struct {
		name, authorization string
		status              int
	}{
		{"a token of the first issuer", "Bearer " + one.token(), http.StatusOK},
		{"a token of the other issuer", "Bearer " + other.token(), http.StatusOK},
		{"a token that names one issuer and is signed by another", "Bearer " + forged, http.StatusUnauthorized},
		{"a token of an issuer that is not trusted", "Bearer " + stranger.token(), http.StatusUnauthorized},
		{"no token", "Bearer", http.StatusBadRequest},
		{"not a token", "Bearer x.%%%.x", http.StatusUnauthorized},
	} {
		if response := answer(t, request(t, row.authorization), verifiers.Require("notes.read")); response.Code != row.status {
			t.Errorf("%s: status %d, want %d", row.name, response.Code, row.status)
		}
	}
}
