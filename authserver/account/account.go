// Package account is the identity source of local accounts: user names and passwords of a workspace. It owns how names are
// compared, how passwords are hashed, and that a rejection tells nothing about why; it does not own sign-in pages,
// sessions or throttling.
//
// Start with [Local.Authenticate].
package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloakroom/authserver/store"
)

// ErrRejected is the one answer to a wrong password, an unknown user and a disabled account.
var ErrRejected = errors.New("account: rejected")

// User is an account that the configuration names.
type User struct {
	// Username is how the user signs in. It is compared in its canonical spelling: [Canonical].
	Username string
	// Password is the initial password, 128 bytes at most. Danger: it is a secret; a production configuration has PasswordHash.
	Password string
	// PasswordHash is the Argon2id hash of the password as a PHC string, instead of Password.
	PasswordHash string
	// Claims are the user's standard claims (OpenID Connect Core §5.1): name, email, ….
	Claims map[string]any
}

// LogValue keeps the password out of logs.
func (u User) LogValue() slog.Value { return slog.StringValue(u.Username) }

// String keeps the password out of messages.
func (u User) String() string { return u.Username }

// GoString is for %#v.
func (u User) GoString() string { return u.Username }

// Local authenticates users against the accounts of a store.
type Local struct {
	accounts store.Accounts
	hasher   *Hasher
	now      func() time.Time
	// decoy is verified when there is no account, so that an unknown user costs what a known one does.
	decoy string
}

// New makes the identity source of local accounts.
func New(accounts store.Accounts, hasher *Hasher, now func() time.Time) *Local {
	return &Local{accounts: accounts, hasher: hasher, now: now, decoy: decoy()}
}

// Derived is how many keys were derived from passwords so far: what sign-ins cost.
func (l *Local) Derived() int64 { return l.hasher.derived.Load() }

// Authenticate returns the account whose user name and password these are, or ErrRejected. Each call that is not cut short by
// the store or the context derives exactly one key, so that time tells no more than the answer does (OWASP ASVS 6.3.8).
// Another error means that nobody knows.
func (l *Local) Authenticate(ctx context.Context, workspace, username, password string) (store.Account, error) {
	account, known, err := l.find(ctx, workspace, username)
	if err != nil {
		return store.Account{}, err
	}
	hash := l.decoy
	known = known && account.PasswordHash != "" // who has no password signs in elsewhere
	if known {
		hash = account.PasswordHash
	}
	matches, err := l.hasher.Verify(ctx, hash, password)
	if err != nil {
		return store.Account{}, fmt.Errorf("verify password: %w", err)
	}
	if !known || !matches || account.Disabled {
		return store.Account{}, ErrRejected
	}
	return account, nil
}

// SetPassword gives an account a new password, which the caller has held to [CheckPassword].
func (l *Local) SetPassword(ctx context.Context, account store.Account, password string) error {
	hash, err := l.hasher.Hash(ctx, password)
	if err != nil {
		return fmt.Errorf("hash password: %w", err)
	}
	account.PasswordHash, account.Updated = hash, l.now()
	if err := l.accounts.SaveAccount(ctx, account); err != nil {
		return fmt.Errorf("save account: %w", err)
	}
	return nil
}

// find returns the account of a user name. A name that has no canonical spelling belongs to nobody.
func (l *Local) find(ctx context.Context, workspace, username string) (account store.Account, known bool, err error) {
	canonical, err := Canonical(username)
	if err != nil {
		return store.Account{}, false, nil //nolint:nilerr // an impossible name is an unknown one
	}
	account, err = l.accounts.AccountByName(ctx, workspace, canonical)
	switch {
	case err == nil:
		return account, true, nil
	case errors.Is(err, store.ErrNotFound):
		return store.Account{}, false, nil
	default:
		return store.Account{}, false, fmt.Errorf("find account: %w", err)
	}
}

// Ensure creates the accounts of users that are not there yet and leaves the others as they are: a password that was changed
// stays changed. It joins the problems of all users.
func (l *Local) Ensure(ctx context.Context, workspace string, users []User) error {
	var problems []error
	seen := map[string]bool{}
	for _, user := range users {
		canonical, err := Canonical(user.Username)
		if err == nil && seen[canonical] {
			err = errors.New("this user name is configured twice")
		}
		if err == nil {
			seen[canonical] = true
			err = l.ensure(ctx, workspace, canonical, user)
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("user %q: %w", user.Username, err))
		}
	}
	return errors.Join(problems...)
}

// ErrTaken means that another account has the user name.
var ErrTaken = errors.New("account: the user name is taken")

// Create makes an account. What it costs does not depend on whether the name is taken, which is ErrTaken. ErrUsername and the errors of
// [CheckPassword] are for what cannot be.
func (l *Local) Create(ctx context.Context, workspace string, user User) (store.Account, error) {
	canonical, err := Canonical(user.Username)
	if err != nil {
		return store.Account{}, err
	}
	hash, err := l.hasher.Hash(ctx, user.Password)
	if err != nil {
		return store.Account{}, fmt.Errorf("hash password: %w", err)
	}
	made := store.Account{
		Workspace: workspace, Subject: newSubject(), Username: canonical, PasswordHash: hash, Claims: user.Claims,
		Created: l.now(), Updated: l.now(),
	}
	err = l.accounts.SaveAccount(ctx, made)
	if errors.Is(err, store.ErrConflict) {
		return store.Account{}, ErrTaken
	}
	made.Version = 1
	return made, err
}

func (l *Local) ensure(ctx context.Context, workspace, canonical string, user User) error {
	_, err := l.accounts.AccountByName(ctx, workspace, canonical)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	hash, err := l.hash(ctx, user)
	if err != nil {
		return err
	}
	err = l.accounts.SaveAccount(ctx, store.Account{
		Workspace: workspace, Subject: newSubject(), Username: canonical, PasswordHash: hash, Claims: user.Claims,
		Created: l.now(), Updated: l.now(),
	})
	if errors.Is(err, store.ErrConflict) {
		return nil // another instance was faster
	}
	return err
}

func (l *Local) hash(ctx context.Context, user User) (string, error) {
	switch {
	case user.Password != "" && user.PasswordHash != "":
		return "", errors.New("has both a password and a password hash")
	case user.Password == "" && user.PasswordHash == "":
		return "", errors.New("has neither a password nor a password hash")
	case user.PasswordHash != "":
		_, err := parsePHC(user.PasswordHash)
		return user.PasswordHash, err
	default:
		return l.hasher.Hash(ctx, user.Password)
	}
}

// newSubject makes a subject identifier: 130 random bits, so never one that was used before, and no user name, client id
// or e-mail address (OpenID Connect Core §2, RFC 9700 §4.15).
func newSubject() string { return rand.Text() }
