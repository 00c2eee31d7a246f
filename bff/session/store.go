package session

import (
	"context"
	"errors"
	"time"
)

// What a store can answer. Any other error means that the store could not do its work: the caller answers 503 and says
// nothing about the session.
var (
	// ErrNotFound: no such record. It never was, or it expired and was swept.
	ErrNotFound = errors.New("session: not found")
	// ErrEnded: the record or cookie was ended and stays so until its absolute end.
	ErrEnded = errors.New("session: ended")
	// ErrConflict: the record was changed since it was read, or its id exists.
	ErrConflict = errors.New("session: conflict")
	// ErrAltered: what is stored is not what was sealed under this id, or no key opens it.
	ErrAltered = errors.New("session: the stored record is altered or sealed with an unknown key")
)

// Store keeps session records, sealed, and the cookies that lead to them. All verbs are safe for concurrent use; those
// that change a record are durable when they return.
//
// A store does not judge lifetimes: Load returns a record until it is swept, expired or not.
type Store interface {
	// Create keeps a new record with version 1, whatever its Version says; ErrConflict or ErrEnded if the id is taken.
	Create(ctx context.Context, record Record) error
	// Load returns a record; ErrNotFound, ErrEnded, ErrAltered.
	Load(ctx context.Context, id string) (Record, error)
	// Update replaces the record if its Version is still the stored one, and returns it with the next Version; else ErrConflict.
	// Of any number of concurrent updates of one version exactly one wins. An ended record stays ended: ErrEnded. LastSeen and
	// Idle never go back, so an update cannot undo a touch.
	Update(ctx context.Context, record Record) (Record, error)
	// End deletes the record, leaves a tombstone until its absolute end, and returns the record as it last was, so that its
	// tokens can be revoked. Of any number of concurrent calls one gets the record, the others ErrEnded; ErrNotFound. A record that
	// cannot be opened is ended too, and returned with its ID only.
	End(ctx context.Context, id string) (Record, error)
	// Touch moves LastSeen and Idle, forward only and never past the absolute end, and leaves Version. What began
	// (Seen.First) after the idle end revives nothing. Ids that are unknown or ended are passed over.
	Touch(ctx context.Context, seen map[string]Seen) error
	// List returns the user's records that are neither ended nor past an end, newest first. Records that cannot be opened are left out.
	List(ctx context.Context, issuer, subject string) ([]Record, error)
	// Count returns how many records are neither ended nor past an end, of all instances. It is for a graph: an answer may miss
	// what happens while it is counted.
	Count(ctx context.Context) (int, error)
	// EndBy ends, as End does, the records of the issuer with this sid (and this subject, if it is not empty), or with an
	// empty sid all of the subject's, and returns them. In the same step it marks once as done; ErrUsed, and nothing ends, when it
	// is: of any number of concurrent calls one succeeds, and what failed may be tried again.
	EndBy(ctx context.Context, issuer, subject, sid string, once Once) ([]Record, error)

	Cookies
	Leases
	Notices

	// Sweep deletes up to limit of each kind of row whose end is before now, tombstones included, and returns how many. A store that
	// forgets by itself has nothing to sweep.
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)
	// Ping reports whether the store can do its work.
	Ping(ctx context.Context) error
	Close() error
}

// Cookies keeps what scs stores for a cookie: a small blob under the hash of the cookie's value. The blob is sealed to its
// hash, so that blobs cannot be swapped between cookies.
type Cookies interface {
	// FindCookie returns the blob; ErrNotFound, ErrEnded, ErrAltered.
	FindCookie(ctx context.Context, hash string) ([]byte, error)
	// CommitCookie keeps or replaces the blob until expires. A cookie that was deleted stays so: ErrEnded.
	CommitCookie(ctx context.Context, hash string, blob []byte, expires time.Time) error
	// DeleteCookie deletes the blob and leaves a tombstone until it would have expired. An unknown hash is no error.
	DeleteCookie(ctx context.Context, hash string) error
}

// Seen says when a session was last used, and when it becomes idle because of that.
type Seen struct {
	// First is the first use that the store was not told of; the session has to have been live then. Zero means LastSeen.
	First    time.Time
	LastSeen time.Time
	Idle     time.Time
}

func (s Seen) first() time.Time {
	if s.First.IsZero() {
		return s.LastSeen
	}
	return s.First
}
