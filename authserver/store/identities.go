package store

import (
	"context"
	"time"
)

// Identities keeps which accounts the users of upstream providers have here. A user is known by issuer and subject, and by nothing
// else: an e-mail address or a name can be given to somebody else (OpenID Connect Core §5.7).
type Identities interface {
	// ProvisionAccount creates an account and the identity that it is for, both or neither. ErrConflict: the identity has an account
	// already, so that of two first sign-ins at once one account is left; or the account or its name is there.
	ProvisionAccount(ctx context.Context, account Account, identity Identity) error
	// LinkIdentity gives an identity an account that exists; ErrNotFound if it does not, ErrConflict if the identity has one.
	LinkIdentity(ctx context.Context, identity Identity) error
	// Identity finds who a provider speaks of.
	Identity(ctx context.Context, workspace, issuer, subject string) (Identity, error)
	// Identities lists those of an account, oldest first.
	Identities(ctx context.Context, workspace, account string) ([]Identity, error)
	// UnlinkIdentity takes an identity from the account that has it, ErrNotFound if the account has it not, unless remains denies that
	// the account and the identities that would be left are enough to sign in: ErrConflict. Both are one step: of two calls that would
	// each leave the other's identity, one is ErrConflict. The account's version grows, so that who takes its password away meanwhile
	// meets a conflict too. Remains has to be pure and quick, and must not call the store: it may run several times, of which the last
	// counts.
	UnlinkIdentity(ctx context.Context, workspace, account, issuer, subject string, remains func(Account, []Identity) bool) error
}

// Identity is a user of an upstream provider who has an account here.
type Identity struct {
	Workspace string
	Issuer    string // of the provider
	Subject   string // what the provider calls the user
	Account   string // the subject of the account here
	// Provisioned says that the account was made for it, so that what the provider says of the user is what the account says. An account
	// that it was linked to later keeps its own.
	Provisioned bool
	Created     time.Time
}
