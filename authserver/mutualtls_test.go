package authserver_test

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

// certified is a key with a certificate.
type certified struct {
	*keyPair
	certificate *x509.Certificate
}

// certify makes a certificate for a name, by an authority or by itself.
func certify(t *testing.T, name string, by *certified) certified {
	t.Helper()
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: name, Organization: []string{"Example"}}, DNSNames: []string{name + ".example"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true, IsCA: by == nil,
	}
	own := certified{keyPair: newKeyPair(), certificate: template}
	if by == nil {
		by = &own
	}
	der, err := x509.CreateCertificate(rand.Reader, template, by.certificate, own.private.Public(), by.private)
	if err != nil {
		t.Fatal(err)
	}
	if own.certificate, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return own
}

func (c certified) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.certificate.Raw}))
}

func (c certified) thumbprint() string {
	sum := sha256.Sum256(c.certificate.Raw)
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// jwkWithCertificate is the registration of a certificate (RFC 8705 §2.2.2).
func (c certified) jwkWithCertificate(t *testing.T) string {
	t.Helper()
	registered := c.jwk()
	registered["x5c"] = []string{base64.StdEncoding.EncodeToString(c.certificate.Raw)}
	text, err := json.Marshal(registered)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const mutualTLSConfiguration = `
store: unused
mutual_tls:
  base_url: https://mtls.example
  client_ca_file: ca.pem
  certificate_header: X-Client-Cert
  trusted_proxies: ["$TRUSTED"]
tenants:
  - name: demo
    workspaces:
      - name: baseline
        scopes:
          - {name: notes.read, description: Read your notes, resource: "https://api.example/"}
        clients:
          - id: by-dn
            token_endpoint_auth_method: tls_client_auth
            tls_client_auth_subject_dn: "cn=client, o=Example"
            tls_client_certificate_bound_access_tokens: true
            grant_types: [client_credentials]
            scopes: [notes.read]
            default_scopes: [notes.read]
          - id: by-dns
            token_endpoint_auth_method: tls_client_auth
            tls_client_auth_san_dns: client.example
            grant_types: [client_credentials]
            scopes: [notes.read]
            default_scopes: [notes.read]
          - id: self-signed
            token_endpoint_auth_method: self_signed_tls_client_auth
            jwks: {keys: [$SELF]}
            tls_client_certificate_bound_access_tokens: true
            redirect_uris: ["https://app.example/callback"]
            scopes: [openid]
          - id: web
            secret_hash: sha256:$WEB
            redirect_uris: ["https://app.example/callback"]
            scopes: [openid]
            pkce: optional
        users:
          - {username: alice, password: wonderland}
`

// tlsHouse is a server that takes certificates, and those who have some.
type tlsHouse struct {
	*house
	authority, client, impostor, self, otherSelf certified
}

// startMutualTLS starts a server that believes the header of proxies in a network.
func startMutualTLS(t *testing.T, trusted string) tlsHouse {
	t.Helper()
	authority, otherAuthority := certify(t, "authority", nil), certify(t, "authority", nil)
	h := tlsHouse{
		authority: authority, client: certify(t, "client", &authority), impostor: certify(t, "client", &otherAuthority),
		self: certify(t, "self", nil), otherSelf: certify(t, "self", nil),
	}
	h.house = startAs(t, setup{
		text:  strings.NewReplacer("$TRUSTED", trusted, "$SELF", h.self.jwkWithCertificate(t)).Replace(mutualTLSConfiguration),
		files: map[string]string{"ca.pem": authority.pem()},
		wrap:  func(st store.Store) store.Store { return st },
	})
	return h
}

// with is a browser whose connections show a certificate; nil shows none.
func (h tlsHouse) with(c *certified) *browser {
	b := h.browser()
	transport := h.server.Client().Transport.(*http.Transport).Clone() //nolint:forcetypeassert // httptest's own
	if c != nil {
		transport.TLSClientConfig.Certificates = []tls.Certificate{{Certificate: [][]byte{c.certificate.Raw}, PrivateKey: c.private}}
	}
	b.client.Transport = transport
	h.t.Cleanup(transport.CloseIdleConnections)
	return b
}

func credentialsOf(id string) url.Values {
	return url.Values{"grant_type": {"client_credentials"}, "client_id": {id}}
}

func TestCertificateAuthenticatesTheClientThatItIsRegisteredFor(t *testing.T) {
	h := startMutualTLS(t, "10.0.0.0/8")
	for name, test := range map[string]struct {
		id          string
		certificate *certified
		passes      bool
	}{
		"by DN":                         {"by-dn", &h.client, true},
		"by DNS name":                   {"by-dns", &h.client, true},
		"no certificate":                {"by-dn", nil, false},
		"another authority's":           {"by-dn", &h.impostor, false},
		"the authority's own":           {"by-dn", &h.authority, false},
		"self-signed":                   {"by-dn", &h.self, false},
		"of a client with a secret":     {"web", &h.client, false},
		"of nobody":                     {"nobody", &h.client, false},
		"DNS name, another authority's": {"by-dns", &h.impostor, false},
	} {
		got := h.with(test.certificate).exchange(credentialsOf(test.id))
		if (got.status == http.StatusOK) != test.passes || (!test.passes && got.Error != "invalid_client") {
			t.Errorf("%s: %d %s", name, got.status, got.Error)
		}
	}
	// self_signed_tls_client_auth: past authentication, the grant is not registered for the client.
	for name, test := range map[string]struct {
		certificate *certified
		want        string
	}{
		"registered": {&h.self, "unauthorized_client"}, "same name, other key": {&h.otherSelf, "invalid_client"},
		"an authority's": {&h.client, "invalid_client"}, "none": {nil, "invalid_client"},
	} {
		if got := h.with(test.certificate).exchange(credentialsOf("self-signed")); got.Error != test.want {
			t.Errorf("self-signed, %s: %d %s", name, got.status, got.Error)
		}
	}
	secret := credentialsOf("by-dn")
	secret.Set("client_secret", webSecret)
	if got := h.with(&h.client).exchange(secret); got.Error != "invalid_client" {
		t.Errorf("a secret instead: %d %s", got.status, got.Error)
	}
}

func TestCertificateBoundTokensAreForTheConnectionsThatShowIt(t *testing.T) {
	h := startMutualTLS(t, "10.0.0.0/8")
	issued := h.with(&h.client).exchange(credentialsOf("by-dn"))
	cnf, _ := claimsOf(t, issued.AccessToken)["cnf"].(map[string]any)
	if issued.TokenType != "Bearer" || cnf["x5t#S256"] != h.client.thumbprint() {
		t.Fatalf("%d %v", issued.status, cnf)
	}
	own := h.with(&h.self)
	self := with("client_id", "self-signed")
	code := own.code(request(self, with("scope", "openid")))
	user := own.exchange(redemption(code, self))
	if user.status != http.StatusOK {
		t.Fatalf("%d %s", user.status, user.Error)
	}
	if got := own.userinfo(user.AccessToken); got != http.StatusOK {
		t.Errorf("control: %d", got)
	}
	for name, certificate := range map[string]*certified{"none": nil, "another": &h.otherSelf} {
		if got := h.with(certificate).userinfo(user.AccessToken); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
}

func TestCertificateHeaderIsBelievedFromTrustedProxiesOnly(t *testing.T) {
	for trusted, passes := range map[string]bool{"127.0.0.0/8": true, "10.0.0.0/8": false} {
		h := startMutualTLS(t, trusted)
		forwarded := func(name string, values ...string) func(*http.Request) {
			return func(r *http.Request) { r.Header[name] = values }
		}
		der := ":" + base64.StdEncoding.EncodeToString(h.client.certificate.Raw) + ":"
		for form, edit := range map[string]func(*http.Request){
			"RFC 9440": forwarded("X-Client-Cert", der), "URL-encoded PEM": forwarded("X-Client-Cert", url.PathEscape(h.client.pem())),
		} {
			got := h.with(nil).exchange(credentialsOf("by-dn"), edit)
			if (got.status == http.StatusOK) != passes {
				t.Errorf("%s from %s: %d %s", form, trusted, got.status, got.Error)
			}
		}
		// R23: no other header means anything, nor two, nor what is no certificate.
		for name, edit := range map[string]func(*http.Request){
			"two": forwarded("X-Client-Cert", der, der), "rubbish": forwarded("X-Client-Cert", ":AAAA:"), "empty": forwarded("X-Client-Cert", ""),
			"another header": forwarded("X-SSL-Client-Cert", der), "with underscores": forwarded("X_Client_Cert", der), "Client-Cert": forwarded("Client-Cert", der),
		} {
			if got := h.with(nil).exchange(credentialsOf("by-dn"), edit); got.Error != "invalid_client" {
				t.Errorf("%s, with %s trusted: %d %s", name, trusted, got.status, got.Error)
			}
		}
		// From a trusted proxy the header says who the client is, and the proxy's own connection does not.
		if got := h.with(&h.client).exchange(credentialsOf("by-dn")); (got.status == http.StatusOK) == passes {
			t.Errorf("connection with %s trusted: %d", trusted, got.status)
		}
	}
}

func TestMetadataNamesTheEndpointsThatAskForCertificates(t *testing.T) {
	h := startMutualTLS(t, "10.0.0.0/8")
	var metadata struct {
		Bound   bool              `json:"tls_client_certificate_bound_access_tokens"`
		Aliases map[string]string `json:"mtls_endpoint_aliases"`
	}
	if err := json.Unmarshal([]byte(h.browser().get(h.issuer+"/.well-known/openid-configuration").body), &metadata); err != nil {
		t.Fatal(err)
	}
	if !metadata.Bound || metadata.Aliases["token_endpoint"] != "https://mtls.example/demo/baseline/oauth2/token" {
		t.Errorf("%+v", metadata)
	}
}
