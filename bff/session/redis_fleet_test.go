//go:build redis

package session_test

import (
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/redistest"
)

var installedFleets = map[string]openFleet{
	"redis": func(t *testing.T, sealer *session.Sealer, now func() time.Time) *fleet {
		t.Helper()
		server := redistest.Start(t, redistest.Memory...)
		raw := rawRedis(t, server.URL)
		return &fleet{
			stores: [2]session.Store{openRedis(t, server.URL, sealer, now), openRedis(t, server.URL, sealer, now)},
			pass:   func(d time.Duration) { passRedis(t, raw, d) },
		}
	},
}
