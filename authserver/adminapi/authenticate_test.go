package adminapi_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/adminapi"
	"cloakroom/authserver/store/memory"
)

func TestCredentialIsNeededForEverything(t *testing.T) {
	p := start(t)
	paths := []string{"GET /admin/v1/nothing", "GET /admin/v1/", "DELETE /admin/v1/openapi.json"}
	for _, operation := range append(adminapi.Operations(), paths...) {
		method, path, _ := strings.Cut(operation, " ")
		path = strings.TrimPrefix(path, "/admin/v1")
		for name, headers := range map[string]map[string]string{
			"none":                 {},
			"another token":        {"Authorization": "Bearer " + strings.Repeat("x", 40)},
			"part of it":           {"Authorization": "Bearer " + adminToken[:20]},
			"more than it":         {"Authorization": "Bearer " + adminToken + "x"},
			"empty":                {"Authorization": "Bearer "},
			"another scheme":       {"Authorization": "Basic " + adminToken},
			"no scheme":            {"Authorization": adminToken},
			"in a parameter":       {"X-Token": adminToken},
			"by a cookie":          {"Cookie": "token=" + adminToken},
			"as a client's secret": {"Authorization": "Basic d2ViOmEtc2VjcmV0"},
		} {
			if got := p.raw(method, path, "", headers); got.StatusCode != http.StatusUnauthorized || got.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with %s: %d", operation, name, got.StatusCode)
			}
		}
	}
	for _, token := range []string{adminToken, otherToken} { // the control
		p.token = token
		p.call(http.StatusOK, http.MethodGet, "/tenants", "", nil)
	}
	p.call(http.StatusCreated, http.MethodPost, clients, made, nil)
	if records := p.audited(); len(records) != 1 || records[0]["actor"] != "deploy" {
		t.Errorf("%v", records)
	}
	if got := p.raw(http.MethodDelete, "/openapi.json", "", map[string]string{"Authorization": "Bearer " + adminToken}); got.StatusCode != http.StatusMethodNotAllowed || got.Header.Get("Allow") != "GET" {
		t.Errorf("another method: %d, Allow %q", got.StatusCode, got.Header.Get("Allow"))
	}
}

func TestTwoTokensAtOnceAreNone(t *testing.T) {
	p := start(t)
	r := p.request(http.MethodGet, "/tenants", "", nil)
	r.Header.Add("Authorization", "Bearer "+adminToken)
	r.Header.Add("Authorization", "Bearer "+otherToken)
	response, err := p.admin.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.read(response); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("%d", got.StatusCode)
	}
}

// The public listener has nothing of the API, whatever a request shows.
func TestPublicListenerHasNothingOfTheAPI(t *testing.T) {
	p := start(t)
	for _, operation := range append(adminapi.Operations(), "GET /metrics", "GET /readyz", "GET /livez") {
		method, path, _ := strings.Cut(operation, " ")
		for _, prefix := range []string{"", "/demo/baseline", "/demo/baseline/oauth2", "/demo/baseline/interaction"} {
			r, err := http.NewRequestWithContext(t.Context(), method, p.public.URL+prefix+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+adminToken)
			r.Header.Set("X-Forwarded-Prefix", "/admin")
			response, err := http.DefaultTransport.RoundTrip(r)
			if err != nil {
				t.Fatal(err)
			}
			got := p.read(response)
			if got.StatusCode < 300 || strings.Contains(got.text, "urn:cloakroom") || strings.Contains(got.text, "openapi") {
				t.Errorf("%s at %q: %d %s", method, prefix+path, got.StatusCode, got.text)
			}
		}
	}
	p.call(http.StatusOK, http.MethodGet, "/openapi.json", "", nil) // the control: the admin listener has it
}

func TestWithoutACredentialTheAPIIsOffAndHealthStays(t *testing.T) {
	off := configuration[:strings.Index(configuration, "admin:")] + configuration[strings.Index(configuration, "tenants:"):]
	server := newServer(t, off, memory.New(time.Now), io.Discard)
	for path, want := range map[string]int{
		"/admin/v1/tenants": http.StatusNotFound, "/admin/v1/openapi.json": http.StatusNotFound, "/admin/v1/": http.StatusNotFound,
		"/livez": http.StatusOK, "/readyz": http.StatusOK, "/metrics": http.StatusOK,
	} {
		for _, header := range []string{"", "Bearer ", "Bearer " + adminToken} {
			recorder := httptest.NewRecorder()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
			if header != "" {
				r.Header.Set("Authorization", header)
			}
			server.Admin().ServeHTTP(recorder, r)
			if recorder.Code != want {
				t.Errorf("%s with %q: %d, want %d", path, header, recorder.Code, want)
			}
		}
	}
}

func TestPageOfAnotherSiteCannotUseABrowsersCertificate(t *testing.T) {
	p := start(t)
	for name, test := range map[string]struct {
		headers map[string]string
		status  int
	}{
		"the control":  {map[string]string{}, http.StatusCreated},
		"another site": {map[string]string{"Sec-Fetch-Site": "cross-site"}, http.StatusForbidden},
		"by origin":    {map[string]string{"Origin": "https://evil.example"}, http.StatusForbidden},
	} {
		headers := map[string]string{"Authorization": "Bearer " + adminToken, "Content-Type": "application/json"}
		for key, value := range test.headers {
			headers[key] = value
		}
		if got := p.raw(http.MethodPost, "/tenants", `{"name":"acme"}`, headers); got.StatusCode != test.status {
			t.Errorf("%s: %d %s", name, got.StatusCode, got.text)
		}
	}
}

// authority makes certificates.
type authority struct {
	t    *testing.T
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t}
	a.key, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	a.cert, _ = x509.ParseCertificate(der)
	return a
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

func (a *authority) issue(name string, use x509.ExtKeyUsage) (certificate, key string) {
	a.t.Helper()
	private, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{use}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, private.Public(), a.key)
	if err != nil {
		a.t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}

func TestCertificateOfTheConfiguredAuthorityIsACredential(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	files := map[string]string{"ca.pem": ours.pem(), "admin-token": adminToken}
	files["server.pem"], files["server.key"] = ours.issue("server", x509.ExtKeyUsageServerAuth)
	read := func(path string) ([]byte, error) { return []byte(files[path]), nil }
	text := strings.Replace(configuration, "admin:\n", "admin:\n  client_ca_file: ca.pem\n  tls: {cert_file: server.pem, key_file: server.key}\n", 1)
	environment := map[string]string{authserver.EnvKeyEncryptionKey: sealingKey().Reveal(), "DEPLOY_TOKEN": otherToken}
	cfg, err := authserver.ParseConfig("test.yaml", []byte(text), func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.ReadSecrets(read); err != nil {
		t.Fatal(err)
	}
	log := &buffer{}
	server, err := authserver.New(t.Context(), cfg, memory.New(time.Now), slog.New(slog.NewJSONHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	secure, err := cfg.AdminTLSConfig(read, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	admin := authserver.HTTPServer(server.Admin(), slog.New(slog.DiscardHandler))
	admin.TLSConfig = secure
	go func() { _ = admin.ServeTLS(listener, "", "") }()
	defer admin.Close()

	ask := func(path string, from *authority, use x509.ExtKeyUsage, header string) (int, error) {
		roots := x509.NewCertPool()
		roots.AddCert(ours.cert)
		config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
		if from != nil {
			pair, err := tls.X509KeyPair(bytesOf(from.issue("deployer", use)))
			if err != nil {
				t.Fatal(err)
			}
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
		}
		transport := &http.Transport{TLSClientConfig: config}
		defer transport.CloseIdleConnections()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://"+listener.Addr().String()+path, strings.NewReader(`{"name":"acme"}`))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(path, "z") {
			r.Method, r.Body, r.ContentLength = http.MethodGet, nil, 0
		}
		r.Header.Set("Content-Type", "application/json")
		if header != "" {
			r.Header.Set("Authorization", header)
		}
		response, err := transport.RoundTrip(r)
		if err != nil {
			return 0, err
		}
		_ = response.Body.Close()
		return response.StatusCode, nil
	}
	for _, test := range []struct {
		name   string
		path   string
		from   *authority
		use    x509.ExtKeyUsage
		header string
		status int // 0: the handshake fails
	}{
		{"a certificate of ours", "/admin/v1/tenants", ours, x509.ExtKeyUsageClientAuth, "", http.StatusCreated},
		{"a certificate of another", "/admin/v1/tenants", theirs, x509.ExtKeyUsageClientAuth, "", 0},
		{"a certificate that is for servers", "/admin/v1/tenants", ours, x509.ExtKeyUsageServerAuth, "", 0},
		{"none", "/admin/v1/tenants", nil, 0, "", http.StatusUnauthorized},
		{"ours with a wrong token", "/admin/v1/tenants", ours, x509.ExtKeyUsageClientAuth, "Bearer wrong", http.StatusUnauthorized},
		{"none, for the health", "/livez", nil, 0, "", http.StatusOK},
		{"a token", "/admin/v1/tenants", nil, 0, "Bearer " + adminToken, http.StatusConflict},
	} {
		status, err := ask(test.path, test.from, test.use, test.header)
		if status != test.status || (err != nil) != (test.status == 0) {
			t.Errorf("%s: %d %v, want %d", test.name, status, err, test.status)
		}
	}
	if !strings.Contains(log.String(), `"actor":"certificate CN=deployer"`) {
		t.Error("the change is not recorded under the certificate's name")
	}
}

func bytesOf(certificate, key string) (certificateBytes, keyBytes []byte) {
	return []byte(certificate), []byte(key)
}
