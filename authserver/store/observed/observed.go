// Package observed is a store that reports how long each verb of another store took, and what it came to. It changes nothing else.
//
// Start with [New].
package observed

import (
	"time"

	"cloakroom/authserver/store"
)

// Store reports on another store.
type Store struct {
	next   store.Store
	report func(verb string, took time.Duration, err error)
}

var _ store.Store = (*Store)(nil)

// New makes a store that calls report after every verb of next.
func New(next store.Store, report func(verb string, took time.Duration, err error)) *Store {
	return &Store{next: next, report: report}
}

func (s *Store) took(verb string, started time.Time, err *error) {
	s.report(verb, time.Since(started), *err)
}

// Close closes the other store.
func (s *Store) Close() error { return s.next.Close() }
