package authserver

import (
	"cmp"
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"cloakroom/authserver/account"
	"cloakroom/authserver/store"
	"cloakroom/authserver/workspace"
)

// accounts is the identity source of a workspace: today its local accounts.
type accounts interface {
	// Authenticate returns account.ErrRejected for a wrong password, an unknown user and a disabled account alike.
	Authenticate(ctx context.Context, workspace, username, password string) (store.Account, error)
	// Derived is how many keys were derived from passwords so far.
	Derived() int64
	// Create makes an account for who signs up; account.ErrTaken when somebody has the name.
	Create(ctx context.Context, workspace string, user account.User) (store.Account, error)
	// SetPassword gives an account a new password, which has to be held to account.CheckPassword before. store.ErrConflict: the account
	// has changed since it was read.
	SetPassword(ctx context.Context, found store.Account, password string) error
	// Ensure creates the accounts that are not there yet.
	Ensure(ctx context.Context, workspace string, users []account.User) error
}

func newAccounts(st store.Accounts, hasher *account.Hasher, now func() time.Time) accounts {
	return account.New(st, hasher, now)
}

func configuredUsers(users []workspace.User) []account.User {
	configured := make([]account.User, 0, len(users))
	for _, user := range users {
		configured = append(configured, account.User{
			Username:     user.Username,
			Password:     cmp.Or(user.Password, user.PasswordRead).Reveal(),
			PasswordHash: user.PasswordHash.Reveal(),
			Claims:       user.Claims,
		})
	}
	return configured
}

// displayName is how a page addresses a user.
func displayName(a store.Account) string {
	if name, ok := a.Claims["name"].(string); ok && name != "" {
		return name
	}
	return a.Username
}

// passwordsHashed shows what sign-ins cost: each derivation takes 19 MiB and about 26 ms of a core.
func passwordsHashed(from accounts) prometheus.Collector {
	return prometheus.NewCounterFunc(prometheus.CounterOpts{
		Name: "authserver_passwords_hashed_total", Help: "Argon2id derivations, of sign-ins and of new passwords.",
	}, func() float64 { return float64(from.Derived()) })
}
