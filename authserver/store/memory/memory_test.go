package memory

import (
	"reflect"
	"testing"
	"time"

	"cloakroom/authserver/store"
	"cloakroom/authserver/store/storetest"
)

func TestMemoryKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		kept := New(now)
		t.Cleanup(func() { _ = kept.Close() })
		return kept
	})
}

func TestSweepEmptiesEveryMapOfExpiredRecords(t *testing.T) {
	now := time.UnixMilli(1_800_000_000_000)
	kept := New(func() time.Time { return now })
	ctx, expires := t.Context(), now.Add(time.Minute)
	grant := store.Grant{Workspace: "w", ID: "g", Expires: expires}
	for _, err := range []error{
		kept.PushRequest(ctx, store.PushedRequest{Workspace: "w", ID: "r", Expires: expires}),
		kept.StartInteraction(ctx, store.Interaction{Workspace: "w", ID: "i", Expires: expires}),
		kept.IssueCode(ctx, store.Code{Workspace: "w", ID: "c", GrantID: "g", Expires: expires}, grant),
		kept.IssueRefreshToken(ctx, store.RefreshToken{Workspace: "w", ID: "t", GrantID: "g", Expires: expires}),
		kept.IssueAccessToken(ctx, store.AccessToken{Workspace: "w", ID: "t", GrantID: "g", Expires: expires}),
		kept.StartSession(ctx, store.Session{Workspace: "w", ID: "s", Idle: expires, Expires: expires}),
		kept.AddKey(ctx, store.Key{Workspace: "w", ID: "k", Expires: expires}),
		kept.UseOnce(ctx, "w", "proof", "jti", expires),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if records := count(kept); records != 9 {
		t.Fatalf("%d records kept, want 9", records)
	}
	if _, err := kept.Sweep(ctx, expires.Add(store.Retention), 100); err != nil {
		t.Fatal(err)
	}
	if records := count(kept); records != 0 {
		t.Errorf("%d records left", records)
	}
}

// count adds up the entries of every map of the store, those that are added later included.
func count(kept *Store) int {
	records := 0
	for _, field := range reflect.ValueOf(kept).Elem().Fields() {
		if field.Kind() == reflect.Map {
			records += field.Len()
		}
	}
	return records
}
