package factor_test

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/descope/virtualwebauthn"

	"cloakroom/authserver/factor"
)

const origin = "https://login.example:8443"

var party = virtualwebauthn.RelyingParty{Name: "The house", ID: "login.example", Origin: origin}

// device is an authenticator in software, with one passkey.
type device struct {
	virtualwebauthn.Authenticator
	credential virtualwebauthn.Credential
}

// coseKeyLength is that of a P-256 key. The software authenticator drops leading zeros of a coordinate, which no other does.
const coseKeyLength = 77

func newDevice(handle []byte) *device {
	credential := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	for len(credential.Key.AttestationData()) != coseKeyLength {
		credential = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
	}
	authenticator := virtualwebauthn.NewAuthenticator()
	authenticator.Options.UserHandle = handle
	return &device{authenticator, credential}
}

func relyingParty(t *testing.T) *factor.RelyingParty {
	t.Helper()
	made, err := factor.NewRelyingParty(origin)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func newChallenge() []byte {
	challenge := make([]byte, 32)
	_, _ = rand.Read(challenge)
	return challenge
}

func owner(name string, passkeys ...factor.Passkey) factor.Owner {
	return factor.Owner{Handle: factor.Handle("demo/baseline", name), Name: name, DisplayName: strings.ToTitle(name), Passkeys: passkeys}
}

// register is the whole of a registration: options, what a page would answer, and its verification.
func register(t *testing.T, rp *factor.RelyingParty, who factor.Owner, d *device) factor.Passkey {
	t.Helper()
	challenge := newChallenge()
	passkey, err := rp.Create(who, challenge, created(t, rp, who, d, party, challenge))
	if err != nil {
		t.Fatal(err)
	}
	return passkey
}

func created(t *testing.T, rp *factor.RelyingParty, who factor.Owner, d *device, at virtualwebauthn.RelyingParty, challenge []byte) []byte {
	t.Helper()
	options, err := rp.CreationOptions(who, "The house", challenge)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := virtualwebauthn.ParseAttestationOptions(string(options))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAttestationResponse(at, d.Authenticator, d.credential, *parsed))
}

func asserted(d *device, at virtualwebauthn.RelyingParty, challenge []byte) []byte {
	return []byte(virtualwebauthn.CreateAssertionResponse(at, d.Authenticator, d.credential, virtualwebauthn.AssertionOptions{Challenge: challenge}))
}

func TestRegistrationIsVerifiedCheckByCheck(t *testing.T) {
	rp, alice := relyingParty(t), owner("alice")
	for name, test := range map[string]struct {
		change func(d *device, at *virtualwebauthn.RelyingParty, challenge *[]byte)
		answer func([]byte) []byte
		ok     bool
	}{
		"the control":                            {ok: true},
		"§7.1 step 8: of another challenge":      {change: func(_ *device, _ *virtualwebauthn.RelyingParty, challenge *[]byte) { *challenge = newChallenge() }},
		"§7.1 step 9: of another origin":         {change: func(_ *device, at *virtualwebauthn.RelyingParty, _ *[]byte) { at.Origin = "https://evil.example" }},
		"§7.1 step 9: of another port":           {change: func(_ *device, at *virtualwebauthn.RelyingParty, _ *[]byte) { at.Origin = "https://login.example" }},
		"§7.1 step 14: of another relying party": {change: func(_ *device, at *virtualwebauthn.RelyingParty, _ *[]byte) { at.ID = "example" }},
		"§7.1 step 15: nobody was there":         {change: func(d *device, _ *virtualwebauthn.RelyingParty, _ *[]byte) { d.Options.UserNotPresent = true }},
		"§7.1 step 7: a sign-in":                 {answer: func(answer []byte) []byte { return retyped(t, answer, "webauthn.get") }},
		"not an answer at all":                   {answer: func([]byte) []byte { return []byte(`{"type":"public-key"}`) }},
	} {
		d, at, challenge := newDevice(alice.Handle), party, newChallenge()
		asked := challenge
		if test.change != nil {
			test.change(d, &at, &challenge)
		}
		answer := created(t, rp, alice, d, at, challenge)
		if test.answer != nil {
			answer = test.answer(answer)
		}
		_, err := rp.Create(alice, asked, answer)
		if (err == nil) != test.ok || (err != nil && !errors.Is(err, factor.ErrRejected)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSignInIsVerifiedCheckByCheck(t *testing.T) {
	rp, alice := relyingParty(t), owner("alice")
	hers, others := newDevice(alice.Handle), newDevice(factor.Handle("demo/baseline", "bob"))
	passkey := register(t, rp, alice, hers)
	register(t, rp, owner("bob"), others)
	alice.Passkeys = []factor.Passkey{passkey}
	for name, test := range map[string]struct {
		change func(d *device, at *virtualwebauthn.RelyingParty, challenge *[]byte)
		answer func([]byte) []byte
		ok     bool
	}{
		"the control":                             {ok: true},
		"§7.2 step 12: of another challenge":      {change: func(_ *device, _ *virtualwebauthn.RelyingParty, challenge *[]byte) { *challenge = newChallenge() }},
		"§7.2 step 13: of another origin":         {change: func(_ *device, at *virtualwebauthn.RelyingParty, _ *[]byte) { at.Origin = "https://login.example.evil" }},
		"§7.2 step 13: without TLS":               {change: func(_ *device, at *virtualwebauthn.RelyingParty, _ *[]byte) { at.Origin = "http://login.example:8443" }},
		"§7.2 step 15: of another relying party":  {change: func(_ *device, at *virtualwebauthn.RelyingParty, _ *[]byte) { at.ID = "evil.example" }},
		"§7.2 step 16: nobody was there":          {change: func(d *device, _ *virtualwebauthn.RelyingParty, _ *[]byte) { d.Options.UserNotPresent = true }},
		"§7.2 step 17: the user was not verified": {change: func(d *device, _ *virtualwebauthn.RelyingParty, _ *[]byte) { d.Options.UserNotVerified = true }},
		"§7.2 step 5: a passkey of another user":  {change: func(d *device, _ *virtualwebauthn.RelyingParty, _ *[]byte) { *d = *others }},
		"§7.2 step 6: the handle of another user": {change: func(d *device, _ *virtualwebauthn.RelyingParty, _ *[]byte) {
			d.Options.UserHandle = factor.Handle("demo/baseline", "bob")
		}},
		"§7.2 step 21: signed by another key": {change: func(d *device, _ *virtualwebauthn.RelyingParty, _ *[]byte) {
			d.credential.Key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2).Key
		}},
		"§7.2 step 11: a registration":         {answer: func(answer []byte) []byte { return retyped(t, answer, "webauthn.create") }},
		"§7.2 step 19: it became a synced one": {change: func(d *device, _ *virtualwebauthn.RelyingParty, _ *[]byte) { d.Options.BackupEligible = true }},
	} {
		d, at, challenge := *hers, party, newChallenge()
		asked := challenge
		if test.change != nil {
			test.change(&d, &at, &challenge)
		}
		answer := asserted(&d, at, challenge)
		if test.answer != nil {
			answer = test.answer(answer)
		}
		use, err := rp.Assert(alice, asked, answer, true)
		if (err == nil) != test.ok || (err != nil && !errors.Is(err, factor.ErrRejected)) || (test.ok && !use.Verified) {
			t.Errorf("%s: %+v, %v", name, use, err)
		}
	}
	d := *hers
	d.Options.UserNotVerified, d.credential.Counter = true, 5
	challenge := newChallenge()
	if use, err := rp.Assert(alice, challenge, asserted(&d, party, challenge), false); err != nil || use.Verified || use.Counter != 5 {
		t.Errorf("as a second factor: %+v, %v", use, err)
	}
	if _, err := rp.Assert(owner("carol"), challenge, asserted(&d, party, challenge), false); !errors.Is(err, factor.ErrRejected) {
		t.Errorf("of a user without a passkey: %v", err)
	}
}

// retyped is an answer whose client data says another ceremony; its signature does not matter any more.
func retyped(t *testing.T, answer []byte, kind string) []byte {
	t.Helper()
	var parsed map[string]any
	if err := json.Unmarshal(answer, &parsed); err != nil {
		t.Fatal(err)
	}
	response := parsed["response"].(map[string]any)
	data, err := base64.RawURLEncoding.DecodeString(response["clientDataJSON"].(string))
	if err != nil {
		t.Fatal(err)
	}
	for _, other := range []string{"webauthn.get", "webauthn.create"} {
		data = bytes.Replace(data, []byte(`"`+other+`"`), []byte(`"`+kind+`"`), 1)
	}
	response["clientDataJSON"] = base64.RawURLEncoding.EncodeToString(data)
	changed, err := json.Marshal(parsed)
	if err != nil {
		t.Fatal(err)
	}
	return changed
}

func TestOptionsAskForWhatIsNeededAndNoMore(t *testing.T) {
	rp, alice := relyingParty(t), owner("alice")
	alice.Passkeys = []factor.Passkey{register(t, rp, alice, newDevice(alice.Handle))}
	creation, err := rp.CreationOptions(alice, "The house", newChallenge())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"attestation":"none"`, `"residentKey":"preferred"`, `"id":"login.example"`, `"name":"The house"`, alice.Passkeys[0].ID} {
		if !bytes.Contains(creation, []byte(want)) {
			t.Errorf("creation options without %s: %s", want, creation)
		}
	}
	if bytes.Contains(creation, []byte(base64.RawURLEncoding.EncodeToString([]byte("alice")))) {
		t.Errorf("the user handle is the name: %s", creation)
	}
	anybody, err := rp.RequestOptions(factor.Owner{}, newChallenge(), true)
	if err != nil || bytes.Contains(anybody, []byte("allowCredentials")) || !bytes.Contains(anybody, []byte(`"userVerification":"required"`)) {
		t.Errorf("%s, %v", anybody, err)
	}
	hers, err := rp.RequestOptions(alice, newChallenge(), false)
	if err != nil || !bytes.Contains(hers, []byte(alice.Passkeys[0].ID)) {
		t.Errorf("%s, %v", hers, err)
	}
}

func TestHandleIsOfOneUserOfOneWorkspace(t *testing.T) {
	handle := factor.Handle("demo/a", "x")
	if bytes.Equal(handle, factor.Handle("demo/b", "x")) || bytes.Equal(handle, factor.Handle("demo/a", "y")) || !bytes.Equal(handle, factor.Handle("demo/a", "x")) {
		t.Error("handles do not tell users apart")
	}
}

func TestAddressOfNumbersHasNoPasskeys(t *testing.T) {
	for base, ok := range map[string]bool{
		"https://127.0.0.1:9000": false, "https://[::1]": false, "http://localhost:9000": true, "https://login.example": true,
	} {
		if _, err := factor.NewRelyingParty(base); (err == nil) != ok {
			t.Errorf("%s: %v", base, err)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	rp, err := factor.NewRelyingParty(origin)
	if err != nil {
		f.Fatal(err)
	}
	alice := owner("alice")
	d, challenge := newDevice(alice.Handle), newChallenge()
	f.Add(asserted(d, party, challenge))
	f.Add([]byte(`{"type":"public-key","id":"AA","rawId":"AA","response":{}}`))
	f.Fuzz(func(t *testing.T, answer []byte) {
		if _, err := rp.Create(alice, challenge, answer); err == nil {
			t.Error("a registration was accepted")
		}
		if _, err := rp.Assert(alice, challenge, answer, true); err == nil {
			t.Error("a sign-in was accepted")
		}
		_, _, _ = factor.Presented(answer)
	})
}
