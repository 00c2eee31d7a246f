package store

import (
	"context"
	"time"
)

// Factors keeps what users have besides their password: passkeys, authenticator apps and recovery codes.
type Factors interface {
	// AddFactor keeps a factor unless one with its id exists in the workspace: ErrConflict. A passkey is one account's.
	AddFactor(ctx context.Context, factor Factor) error
	// Factor finds one by its id: a passkey may be all that a browser shows of its user.
	Factor(ctx context.Context, workspace, id string) (Factor, error)
	// Factors lists a user's factors, oldest first.
	Factors(ctx context.Context, workspace, subject string) ([]Factor, error)
	// UseFactor moves a factor's counter on, and notes when. ErrConsumed when the counter is not higher than the one that is kept:
	// a time step was used, or a passkey was copied. Zero after zero is of a passkey that does not count, and is fine (WebAuthn
	// §7.2 step 22). Of concurrent calls with one counter above zero, one returns nil.
	UseFactor(ctx context.Context, workspace, id string, counter int64, now time.Time) error
	// RenameFactor changes what a user calls a factor of theirs.
	RenameFactor(ctx context.Context, workspace, subject, id, name string) error
	// RemoveFactor deletes a user's factor unless fewer than keep would be left: ErrConflict. The last one takes the recovery codes with it.
	RemoveFactor(ctx context.Context, workspace, subject, id string, keep int) error
	// SaveRecoveryCodes keeps the hashes of a user's recovery codes in the place of those before.
	SaveRecoveryCodes(ctx context.Context, workspace, subject string, codes []Hash) error
	// ConsumeRecoveryCode deletes a code and returns how many are left: of concurrent calls one returns nil, the others ErrNotFound,
	// which is also the answer to a code that never was.
	ConsumeRecoveryCode(ctx context.Context, workspace, subject string, code Hash) (left int, err error)
	// RecoveryCodes says how many are left.
	RecoveryCodes(ctx context.Context, workspace, subject string) (int, error)
}

// FactorKind says what a factor is.
type FactorKind string

// The kinds of factors.
const (
	FactorPasskey FactorKind = "passkey" // WebAuthn
	FactorTOTP    FactorKind = "totp"    // RFC 6238
)

// Factor is something that a user has. Recovery codes are none: they stand in for one.
type Factor struct {
	Workspace string
	ID        string // of a passkey, its credential id as base64url
	Subject   string
	Kind      FactorKind
	Name      string // what the user calls it
	// Credential is a passkey's public key and what belongs to it, or an authenticator app's secret, sealed by the caller.
	Credential []byte
	// Counter is a passkey's signature counter, or the last time step whose code was used.
	Counter int64
	Created time.Time
	Used    time.Time // zero until it was
}
