//go:build redis

package session_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/redistest"
	"cloakroom/bff/session/sessiontest"
)

func TestOpenRedisSaysWhatIsWrong(t *testing.T) {
	server := redistest.Start(t, "--requirepass", "canary-password")
	withPassword := strings.Replace(server.URL, "redis://", "redis://:canary-password@", 1)
	key := sessiontest.Key()
	store := openRedis(t, withPassword, sessiontest.Sealer(t, key), time.Now)
	if err := store.Create(t.Context(), sessiontest.Record("r1", "alice", time.Now())); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		url    string
		sealer *session.Sealer
		says   string
	}{
		"as it was":              {withPassword, sessiontest.Sealer(t, key), ""},
		"sealed with other keys": {withPassword, sessiontest.Sealer(t), "not among the configured ones"},
		"no password":            {server.URL, sessiontest.Sealer(t, key), "NOAUTH"},
		"another password":       {strings.Replace(server.URL, "redis://", "redis://:canary-wrong@", 1), sessiontest.Sealer(t, key), "WRONGPASS"},
		"nobody there":           {"redis://:canary@127.0.0.1:1", sessiontest.Sealer(t, key), "127.0.0.1:1"},
		"no URL":                 {"redis://:canary@%zz", sessiontest.Sealer(t, key), "not a URL of a Redis"},
		"another scheme":         {"http://:canary@127.0.0.1", sessiontest.Sealer(t, key), "not a URL of a Redis"},
	} {
		store, err := session.OpenRedis(t.Context(), test.url, test.sealer, time.Now)
		if (err == nil) != (test.says == "") {
			t.Errorf("%s: got error %v", name, err)
		}
		if err == nil {
			_ = store.Close()
			continue
		}
		if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: got error %v; it has to say %q and no password", name, err, test.says)
		}
	}
}

// A key is replaced in two steps: the new one first, the old one second; then, when everything is sealed with the new one, alone.
func TestOpenRedisTakesANewerKey(t *testing.T) {
	server := redistest.Start(t, redistest.Memory...)
	oldKey, newKey := sessiontest.Key(), sessiontest.Key()
	for step, keys := range [][][]byte{{oldKey}, {newKey, oldKey}, {newKey}} {
		store, err := session.OpenRedis(t.Context(), server.URL, sessiontest.Sealer(t, keys...), time.Now)
		if err != nil {
			t.Fatalf("step %d: %v", step, err)
		}
		_ = store.Close()
	}
	if _, err := session.OpenRedis(t.Context(), server.URL, sessiontest.Sealer(t, oldKey), time.Now); !errors.Is(err, session.ErrAltered) {
		t.Errorf("with the old key alone: %v", err)
	}
}

// S08: what lies beside the sealed part has to agree with it.
func TestRedisRefusesARecordWhoseFieldsWereAltered(t *testing.T) {
	server := redistest.Start(t, redistest.Memory...)
	raw := rawRedis(t, server.URL)
	store := openRedis(t, server.URL, sessiontest.Sealer(t), time.Now)
	for _, id := range []string{"r1", "r2"} {
		if err := store.Create(t.Context(), sessiontest.Record(id, "user of "+id, time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	key := "cloakroom:bff:r:r1"
	other := raw.HGetAll(t.Context(), "cloakroom:bff:r:r2").Val()
	for field, own := range raw.HGetAll(t.Context(), key).Val() {
		values := []string{"", "x", "-1", strings.Repeat("9", 400), "MTIz", other[field]}
		for _, value := range values {
			if value == own || (field == "x" && value == "") { // which is a tombstone
				continue
			}
			if err := raw.HSet(t.Context(), key, field, value).Err(); err != nil {
				t.Fatal(err)
			}
			record, err := store.Load(t.Context(), "r1")
			harmless := field == "l" || field == "i" || field == "a" // when it was used, and ends that the sealed one bounds
			if !errors.Is(err, session.ErrAltered) && !(harmless && err == nil && !record.Idle.After(record.Absolute)) {
				t.Errorf("%s is %q: got error %v", field, value, err)
			}
		}
		if err := raw.HSet(t.Context(), key, field, own).Err(); err != nil {
			t.Fatal(err)
		}
		if _, err := store.Load(t.Context(), "r1"); err != nil {
			t.Errorf("%s as it was, the control: %v", field, err)
		}
	}
	raw.HDel(t.Context(), key, "u")
	if _, err := store.Load(t.Context(), "r1"); !errors.Is(err, session.ErrAltered) {
		t.Errorf("without a field: got error %v", err)
	}
}

// T04, and bounded growth: nothing secret lies in Redis in the clear, every key but the key check ends by itself, and the indexes hold
// nothing of what is over.
func TestRedisHoldsNothingSecretAndNothingForever(t *testing.T) {
	server := redistest.Start(t, redistest.Memory...)
	raw := rawRedis(t, server.URL)
	clock := sessiontest.NewClock()
	store := openRedis(t, server.URL, sessiontest.Sealer(t), clock.Now)
	record := sessiontest.Record("the-record-id", "the-subject", clock.Now())
	for verb, err := range everyVerb(t.Context(), store, record, session.Lease{}) {
		if err != nil && !errors.Is(err, session.ErrLeaseLost) && !errors.Is(err, session.ErrNotFound) && !errors.Is(err, session.ErrEnded) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	for _, id := range []string{"r1", "r2"} {
		if err := store.Create(t.Context(), sessiontest.Record(id, "the-subject", clock.Now())); err != nil {
			t.Fatal(err)
		}
	}
	keys, err := raw.Keys(t.Context(), "*").Result()
	if err != nil || len(keys) < 8 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	var atRest strings.Builder
	for _, key := range keys {
		dump, err := raw.Dump(t.Context(), key).Result()
		if err != nil && key != "cloakroom:bff:ping" {
			t.Fatal(err)
		}
		atRest.WriteString(key + dump)
		if left := raw.PTTL(t.Context(), key).Val(); left < 0 && key != "cloakroom:bff:key" && key != "cloakroom:bff:ping" {
			t.Errorf("%s has no end", key)
		}
	}
	if !strings.Contains(atRest.String(), "the-record-id") {
		t.Error("the control is not found: the search does not see the keys")
	}
	for _, secret := range []string{"canary", "the-subject", "Alice"} {
		if strings.Contains(atRest.String(), secret) {
			t.Errorf("%q lies in Redis in the clear", secret)
		}
	}
	clock.Advance(31 * time.Minute)
	passRedis(t, raw, 31*time.Minute) // r1 and r2 are forgotten, their index is not yet
	if listed, err := store.List(t.Context(), record.Issuer, "the-subject"); err != nil || len(listed) != 0 {
		t.Errorf("listed %d, %v", len(listed), err)
	}
	if indexes := raw.Keys(t.Context(), "cloakroom:bff:u:*").Val(); len(indexes) != 0 {
		t.Errorf("the index of users still has %v", indexes)
	}
	passRedis(t, raw, 8*time.Hour)
	if keys := raw.Keys(t.Context(), "*").Val(); len(keys) != 1 {
		t.Errorf("after the last end there is %v", keys)
	}
}
