package authserver_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/store/memory"
)

func adminAnswer(t *testing.T, server *authserver.Server, path string) (*httptest.ResponseRecorder, string) {
	t.Helper()
	recorder := httptest.NewRecorder()
	server.Admin().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return recorder, recorder.Body.String()
}

func TestMetricsCountWhatHappensAndShowNoSecret(t *testing.T) {
	web := newParty(t)
	h := startParties(t, loopback, web.URL, "https://other.example/")
	b := h.browser()
	page := b.get(h.authorizeURL(request(with("scope", "openid"))))
	b.signIn(page, "alice", "not her password")
	hint := b.signInAt("web", callback)
	wrong, err := http.NewRequestWithContext(t.Context(), http.MethodPost, h.issuer+"/oauth2/token", strings.NewReader(url.Values{"grant_type": {"client_credentials"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	wrong.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	wrong.SetBasicAuth("web", "not its secret")
	b.do(wrong)
	b.get(h.server.URL + "/" + strings.Repeat("made-up", 3) + "/by/the/request")
	b.get(h.issuer + "/oauth2/logout?id_token_hint=" + hint)
	web.token(t)
	authserver.SweepOnce(t.Context(), h.as)

	var text string
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(text, `outcome="delivered"} 1`) && time.Now().Before(deadline); {
		_, text = adminAnswer(t, h.as, "/metrics")
	}
	for _, line := range []string{
		`authserver_requests_total{route="/{tenant}/{workspace}/oauth2/token",status="200"} 1`,
		`authserver_requests_total{route="/{tenant}/{workspace}/oauth2/token",status="401"} 1`,
		`authserver_security_events_total{event="sign_in_rejected",workspace="demo/baseline"} 1`,
		`authserver_security_events_total{event="sign_in_succeeded",workspace="demo/baseline"} 1`,
		`authserver_security_events_total{event="client_rejected",workspace="demo/baseline"} 1`,
		`authserver_tokens_issued_total{grant_type="authorization_code",workspace="demo/baseline"} 1`,
		`authserver_backchannel_logouts_total{outcome="delivered"} 1`,
		`authserver_store_duration_seconds_count{outcome="ok",verb="redeem_code"} 1`,
		`authserver_signing_key_age_seconds{alg="RS256",kid="`,
		`authserver_swept_records_total 0`,
	} {
		if !strings.Contains(text, line) {
			t.Errorf("no %s", line)
		}
	}
	for _, canary := range []string{"made-up", hint, "wonderland", "not her password", webSecret} {
		if strings.Contains(text, canary) {
			t.Errorf("the metrics have %q", canary)
		}
	}
}

func TestReadinessSaysWhatIsWrong(t *testing.T) {
	cfg, err := parseParties("", "https://app.example/", "https://other.example/", map[string]string{
		authserver.EnvKeyEncryptionKey: sealedKeys().sealingKey.Reveal(),
	})
	if err != nil {
		t.Fatal(err)
	}
	clock := &clock{now: time.Now()}
	st := memory.New(clock.Now)
	server, err := authserver.NewAt(t.Context(), cfg, st, slog.New(slog.DiscardHandler), clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if answer, text := adminAnswer(t, server, "/readyz"); answer.Code != http.StatusOK || text != "ready\n" {
		t.Errorf("the control: %d %s", answer.Code, text)
	}
	if err := st.Close(); err != nil {
		t.Fatal(err)
	}
	answer, text := adminAnswer(t, server, "/readyz")
	if answer.Code != http.StatusServiceUnavailable || !strings.Contains(text, "the store does not answer") || answer.Header().Get("Retry-After") == "" {
		t.Errorf("%d %s", answer.Code, text)
	}
	if answer, _ := adminAnswer(t, server, "/livez"); answer.Code != http.StatusOK {
		t.Errorf("it lives all the same: %d", answer.Code)
	}
}
