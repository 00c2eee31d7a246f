//go:build redis

package session_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"cloakroom/bff/session"
	"cloakroom/bff/session/redistest"
	"cloakroom/bff/session/sessiontest"
)

// rawRedis is what who holds the Redis can do.
func rawRedis(t testing.TB, url string) *redis.Client {
	t.Helper()
	options, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(options)
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func openRedis(t testing.TB, url string, sealer *session.Sealer, now func() time.Time) *session.Redis {
	t.Helper()
	store, err := session.OpenRedis(t.Context(), url, sealer, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

// passRedis lets time pass in a Redis: every key is that much nearer to its end.
func passRedis(t testing.TB, client *redis.Client, d time.Duration) {
	t.Helper()
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		left, err := client.PTTL(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		if left < 0 {
			continue // has no end
		}
		if err := client.PExpire(t.Context(), key, left-d).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func redisBackend(t *testing.T, server *redistest.Server) sessiontest.Backend {
	t.Helper()
	raw := rawRedis(t, server.URL)
	return sessiontest.Backend{
		Open: func(t *testing.T, sealer *session.Sealer, now func() time.Time) session.Store {
			t.Helper()
			if err := raw.FlushAll(t.Context()).Err(); err != nil {
				t.Fatal(err)
			}
			return openRedis(t, server.URL, sealer, now)
		},
		Reopen: func(t *testing.T, store session.Store, sealer *session.Sealer, now func() time.Time) session.Store {
			t.Helper()
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			return openRedis(t, server.URL, sealer, now)
		},
		Sealed: func(t *testing.T, _ session.Store, kind sessiontest.Kind, key string) []byte {
			t.Helper()
			sealed, err := raw.HGet(t.Context(), "cloakroom:bff:r:"+key, "x").Bytes()
			if kind == sessiontest.KindCookie {
				sealed, err = raw.Get(t.Context(), "cloakroom:bff:c:"+key).Bytes()
			}
			if err != nil {
				t.Fatal(err)
			}
			return sealed
		},
		SetSealed: func(t *testing.T, _ session.Store, kind sessiontest.Kind, key string, sealed []byte) {
			t.Helper()
			err := raw.HSet(t.Context(), "cloakroom:bff:r:"+key, "x", sealed).Err()
			if kind == sessiontest.KindCookie {
				err = raw.SetArgs(t.Context(), "cloakroom:bff:c:"+key, sealed, redis.SetArgs{KeepTTL: true}).Err()
			}
			if err != nil {
				t.Fatal(err)
			}
		},
		Pass:    func(t *testing.T, _ session.Store, d time.Duration) { t.Helper(); passRedis(t, raw, d) },
		Forgets: time.Minute,
	}
}

func TestRedisKeepsTheStoreContract(t *testing.T) {
	sessiontest.Run(t, redisBackend(t, redistest.Start(t, redistest.Memory...)))
}
