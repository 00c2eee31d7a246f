package factor

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/protocol/webauthncose"
	"github.com/go-webauthn/webauthn/webauthn"
)

// RelyingParty runs the ceremonies of WebAuthn for one origin. It is safe for concurrent use.
type RelyingParty struct{ web *webauthn.WebAuthn }

// NewRelyingParty makes the relying party of a base URL, whose host is its id. An address of numbers has no passkeys (WebAuthn
// §5.1.2): that is an error.
func NewRelyingParty(baseURL string) (*RelyingParty, error) {
	base, err := url.Parse(baseURL)
	if err != nil {
		return nil, fmt.Errorf("factor: %w", err)
	}
	if !HasPasskeys(baseURL) {
		return nil, fmt.Errorf("factor: %s is no domain", base.Hostname())
	}
	web, err := webauthn.New(&webauthn.Config{
		RPID:          base.Hostname(),
		RPDisplayName: base.Hostname(),
		RPOrigins:     []string{base.Scheme + "://" + base.Host},
		// Who made an authenticator is nobody's business here, and asking for it would warn the user (WebAuthn §14.4.1).
		AttestationPreference: protocol.PreferNoAttestation,
		AuthenticatorSelection: protocol.AuthenticatorSelection{
			ResidentKey:      protocol.ResidentKeyRequirementPreferred,
			UserVerification: protocol.VerificationPreferred,
		},
	})
	if err != nil {
		return nil, fmt.Errorf("factor: %w", err)
	}
	return &RelyingParty{web}, nil
}

// HasPasskeys reports whether there can be passkeys at a base URL.
func HasPasskeys(baseURL string) bool {
	base, err := url.Parse(baseURL)
	return err == nil && protocol.ValidateRPID(base.Hostname()) == nil
}

// Owner is whose passkeys a ceremony is about.
type Owner struct {
	Handle      []byte
	Name        string // as the user signs in
	DisplayName string
	Passkeys    []Passkey
}

// Passkey is a credential that a user registered.
type Passkey struct {
	ID         string // the credential id, as base64url
	Credential []byte // its public key and what belongs to it: what the store keeps
	Counter    int64
	Synced     bool // its private key may be copied to other devices of the user
}

// Use is what an assertion says besides whose it is.
type Use struct {
	Counter  int64
	Verified bool // the authenticator verified its user, by PIN or biometry
	Synced   bool
}

// CreationOptions are the options of a registration, as JSON for the page.
func (p *RelyingParty) CreationOptions(owner Owner, title string, challenge []byte) ([]byte, error) {
	creation, _, err := p.beginCreation(owner, title, challenge)
	if err != nil {
		return nil, err
	}
	return json.Marshal(creation.Response)
}

func (p *RelyingParty) beginCreation(owner Owner, title string, challenge []byte) (*protocol.CredentialCreation, *webauthn.SessionData, error) {
	user, err := webauthnUser(owner)
	if err != nil {
		return nil, nil, err
	}
	return p.web.BeginRegistration(user,
		webauthn.WithExclusions(webauthn.Credentials(user.credentials).CredentialDescriptors()),
		webauthn.WithCredentialParameters([]protocol.CredentialParameter{
			{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgES256},
			{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgEdDSA},
			{Type: protocol.PublicKeyCredentialType, Algorithm: webauthncose.AlgRS256},
		}),
		func(options *protocol.PublicKeyCredentialCreationOptions) error {
			options.Challenge, options.RelyingParty.Name = challenge, title
			return nil
		})
}

// Create verifies the answer of a registration (WebAuthn §7.1).
func (p *RelyingParty) Create(owner Owner, challenge, answer []byte) (Passkey, error) {
	user, err := webauthnUser(owner)
	if err != nil {
		return Passkey{}, err
	}
	_, session, err := p.beginCreation(owner, p.web.Config.RPDisplayName, challenge)
	if err != nil {
		return Passkey{}, err
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(answer)
	if err != nil {
		return Passkey{}, rejected(err)
	}
	created, err := p.web.CreateCredential(user, *session, parsed)
	if err != nil {
		return Passkey{}, rejected(err)
	}
	created.Attestation = webauthn.CredentialAttestation{} // nobody will look at it again
	credential, err := json.Marshal(created)
	if err != nil {
		return Passkey{}, err
	}
	return Passkey{
		ID:         base64.RawURLEncoding.EncodeToString(created.ID),
		Credential: credential,
		Counter:    int64(created.Authenticator.SignCount),
		Synced:     created.Flags.BackupEligible,
	}, nil
}

// RequestOptions are the options of a sign-in, as JSON for the page: with one of the owner's passkeys, or with any when the owner has
// none, which is not yet known then. Verify makes the authenticator verify its user.
func (p *RelyingParty) RequestOptions(owner Owner, challenge []byte, verify bool) ([]byte, error) {
	user, err := webauthnUser(owner)
	if err != nil {
		return nil, err
	}
	assertion, _, err := p.beginLogin(user, challenge, verify)
	if err != nil {
		return nil, err
	}
	return json.Marshal(assertion.Response)
}

func (p *RelyingParty) beginLogin(user user, challenge []byte, verify bool) (*protocol.CredentialAssertion, *webauthn.SessionData, error) {
	verification := protocol.VerificationPreferred
	if verify {
		verification = protocol.VerificationRequired
	}
	options := []webauthn.LoginOption{webauthn.WithChallenge(challenge), webauthn.WithUserVerification(verification)}
	if len(user.credentials) == 0 {
		return p.web.BeginDiscoverableLogin(options...)
	}
	return p.web.BeginLogin(user, options...)
}

// Assert verifies the answer of a sign-in with one of the owner's passkeys (WebAuthn §7.2). That the counter went on is for the store to
// decide, which alone sees all uses.
func (p *RelyingParty) Assert(owner Owner, challenge, answer []byte, verify bool) (Use, error) {
	user, err := webauthnUser(owner)
	if err != nil {
		return Use{}, err
	}
	_, session, err := p.beginLogin(user, challenge, verify)
	if err != nil {
		return Use{}, err
	}
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return Use{}, rejected(err)
	}
	if len(session.AllowedCredentialIDs) == 0 {
		return Use{}, rejected(errors.New("the user has no passkey"))
	}
	if _, err := p.web.ValidateLogin(user, *session, parsed); err != nil {
		return Use{}, rejected(err)
	}
	data := parsed.Response.AuthenticatorData
	return Use{Counter: int64(data.Counter), Verified: data.Flags.HasUserVerified(), Synced: data.Flags.HasBackupEligible()}, nil
}

// Presented says which passkey an answer is of, and of which user it says that it is, before any of it is verified. Only an answer
// that names its user can sign in by itself.
func Presented(answer []byte) (id string, handle []byte, err error) {
	parsed, err := protocol.ParseCredentialRequestResponseBytes(answer)
	if err != nil {
		return "", nil, rejected(err)
	}
	return base64.RawURLEncoding.EncodeToString(parsed.RawID), parsed.Response.UserHandle, nil
}

// rejected keeps what the library says for the log: what it says to developers is of more use than its title.
func rejected(err error) error {
	if said, ok := errors.AsType[*protocol.Error](err); ok {
		return fmt.Errorf("%w: %s: %s", ErrRejected, said.Details, said.DevInfo)
	}
	return fmt.Errorf("%w: %w", ErrRejected, err)
}

// user is an owner as the library wants to see one.
type user struct {
	Owner
	credentials []webauthn.Credential
}

func webauthnUser(owner Owner) (user, error) {
	converted := user{Owner: owner}
	for _, passkey := range owner.Passkeys {
		var credential webauthn.Credential
		if err := json.Unmarshal(passkey.Credential, &credential); err != nil {
			return user{}, fmt.Errorf("factor: passkey %s: %w", passkey.ID, err)
		}
		converted.credentials = append(converted.credentials, credential)
	}
	return converted, nil
}

// WebAuthnID is of webauthn.User.
func (u user) WebAuthnID() []byte { return u.Handle }

// WebAuthnName is of webauthn.User.
func (u user) WebAuthnName() string { return u.Name }

// WebAuthnDisplayName is of webauthn.User.
func (u user) WebAuthnDisplayName() string { return u.DisplayName }

// WebAuthnCredentials is of webauthn.User.
func (u user) WebAuthnCredentials() []webauthn.Credential { return u.credentials }
