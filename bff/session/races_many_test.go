//go:build redis

package session_test

import "testing"

// P14, in full: go test -tags redis -run TenThousandRaces ./bff/session.
func TestTenThousandRaces(t *testing.T) { races(t, 10_000, 10_000) }
