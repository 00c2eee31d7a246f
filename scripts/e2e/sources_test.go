//go:build e2e

package e2e

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A workspace beside the demo's, whose users sign in to the demo, and sign-up in the demo itself.
const (
	upstreamSources = `        identity_sources:
          - {id: local, type: local, sign_up: open}
          - {id: library, name: The University Library, type: oidc, issuer: "%[1]s/demo/library", client_id: demo, client_secret_file: %[2]s, scopes: [openid, profile], claims: {name: name}, userinfo: true, sign_up: open}
          - {id: post, name: A provider that is not there, type: oidc, issuer: "http://localhost:1", client_id: demo, client_secret_file: %[2]s}
`
	upstreamWorkspace = `      - name: library
        title: The University Library
        policy: {id_token_signing_alg: ES256}
        clients:
          - {id: demo, name: Demo, secret_hash: "sha256:%[2]x", redirect_uris: ["%[1]s/demo/baseline/upstream/library/callback"], scopes: [openid, profile]}
        users:
          - {username: dinah, password: a-cat-that-reads, claims: {name: Dinah Liddell}}
`
)

// startSources runs the three programs with the demo's configurations, and the sources in the authorization server's.
func startSources(t *testing.T) (origin, issuer string) {
	t.Helper()
	ports := freePorts(t, 6)
	folder := configure(t, ports)
	at := func(index int) string { return fmt.Sprintf("http://localhost:%d", ports[index]) }
	const secret = "a-secret-of-the-library-for-the-demo"
	secretFile, configuration := filepath.Join(folder, "secrets", "library"), filepath.Join(folder, "authserver.yaml")
	write(t, secretFile, secret)
	text, err := os.ReadFile(configuration)
	if err != nil {
		t.Fatal(err)
	}
	const title = "        title: Demo\n"
	changed := strings.Replace(string(text), title, title+fmt.Sprintf(upstreamSources, at(1), secretFile), 1)
	if changed == string(text) {
		t.Fatal("the demo's configuration has another title")
	}
	write(t, configuration, changed+"\n"+fmt.Sprintf(upstreamWorkspace, at(1), sha256.Sum256([]byte(secret))))
	for _, server := range []struct {
		program, variable string
		port              int
	}{{"authserver", "AUTHSERVER", 1}, {"demoapi", "DEMOAPI", 2}, {"bff", "BFF", 0}} {
		runProgram(t, server.program, filepath.Join(folder, server.program+".yaml"), listening(server.variable, ports[server.port], ports[server.port+3])...)
		answers(t, at(server.port+3)+"/readyz")
	}
	return at(0), at(1) + "/demo/"
}

func TestUserOfAnotherHouseSignsInThroughThePicker(t *testing.T) {
	origin, issuer := startSources(t)
	b := open(t)
	b.visit(origin + "/")
	b.click("sign-in")
	b.arrive(issuer + "baseline")
	b.see("source_library", "Continue with The University Library")
	b.see("login", "")
	b.looks("picker")
	b.click("source_post") // an outage leads back, in words
	b.see("error", "cannot be reached just now")
	b.looks("picker-outage")
	b.click("source_library")
	b.arrive(issuer + "library")
	b.fill("username", "dinah")
	b.fill("password", "a-cat-that-reads")
	b.click("login")
	b.see("consent_allow", "") // the library asks whether it may say who she is
	b.click("consent_allow")
	b.arrive(issuer + "baseline")
	b.see("consent_allow", "")
	b.click("consent_allow")
	b.arrive(origin)
	b.see("user-name", "Dinah Liddell")
}

func TestWhoHasNoAccountMakesOneAndAddsAnotherSignIn(t *testing.T) {
	origin, issuer := startSources(t)
	b := open(t)
	b.visit(origin + "/")
	b.click("sign-in")
	b.arrive(issuer + "baseline")
	b.click("signup")
	b.see("password_again", "")
	b.looks("sign-up")
	b.fill("username", "ALICE")
	b.fill("password", "nine quiet lanterns")
	b.fill("password_again", "nine quiet lantern")
	b.click("signup")
	b.see("error", "")
	b.see("password_again_wrong", "not the same")
	b.forgive("422")
	b.looks("sign-up-wrong")
	b.fill("password", "nine quiet lanterns")
	b.fill("password_again", "nine quiet lanterns")
	b.click("signup")
	b.see("username_wrong", "is taken")
	b.forgive("409")
	b.fill("username", "dodo")
	b.fill("password", "nine quiet lanterns")
	b.fill("password_again", "nine quiet lanterns")
	b.click("signup")
	b.see("consent_allow", "")
	b.click("consent_allow")
	b.arrive(origin)
	b.visit(issuer + "baseline/account/identities")
	b.see("link_library", "Add The University Library")
	b.looks("account-identities")
	b.click("link_library")
	b.arrive(issuer + "library")
	b.fill("username", "dinah")
	b.fill("password", "a-cat-that-reads")
	b.click("login")
	b.see("consent_allow", "")
	b.click("consent_allow")
	b.see("done", "It was added")
	b.looks("account-identities-linked")
}
