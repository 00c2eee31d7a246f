package sessiontest

import (
	"bytes"
	"testing"
	"time"

	"cloakroom/bff/session"
)

var sealTests = map[string]func(*testing.T, *bench){
	"a record that was altered at rest is refused":     alteredIsRefused,
	"records that were swapped at rest are refused":    swappedAreRefused,
	"an older form of a record is refused":             olderIsRefused,
	"a record that cannot be opened can be ended":      alteredCanBeEnded,
	"an old key opens, the new one seals":              keysRotate,
	"nothing of a token lies at rest in the clear":     nothingInTheClear,
	"a cookie's blob cannot be given to another's":     swappedCookiesAreRefused,
	"a list leaves out what cannot be opened":          listLeavesOutTheAltered,
	"a record without its key is refused, and no more": withoutTheKey,
}

func alteredIsRefused(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	sealed := b.Sealed(t, b.store, KindRecord, "r1")
	for at := range sealed {
		b.SetSealed(t, b.store, KindRecord, "r1", flip(sealed, at))
		_, err := b.store.Load(t.Context(), "r1")
		wantError(t, "load", err, session.ErrAltered)
	}
	b.SetSealed(t, b.store, KindRecord, "r1", sealed[:len(sealed)/2])
	_, err := b.store.Load(t.Context(), "r1")
	wantError(t, "load half of it", err, session.ErrAltered)

	b.SetSealed(t, b.store, KindRecord, "r1", sealed) // the control: what was sealed opens
	wantRecord(t, "load", b.load(t, "r1"), record)
}

// swappedAreRefused swaps with another user's record, and with another session of the same user that differs in its id only.
func swappedAreRefused(t *testing.T, b *bench) {
	alice := b.create(t, "r1", "alice")
	twin := alice.Clone()
	twin.ID = "r3"
	if err := b.store.Create(t.Context(), twin); err != nil {
		t.Fatal(err)
	}
	b.create(t, "r2", "mallory")
	alices := b.Sealed(t, b.store, KindRecord, "r1")
	for _, id := range []string{"r2", "r3"} {
		own := b.Sealed(t, b.store, KindRecord, id)
		b.SetSealed(t, b.store, KindRecord, id, alices)
		_, err := b.store.Load(t.Context(), id)
		wantError(t, "load another's record under "+id, err, session.ErrAltered)

		b.SetSealed(t, b.store, KindRecord, id, own) // the control
		b.load(t, id)
	}
}

func olderIsRefused(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	older := b.Sealed(t, b.store, KindRecord, "r1")
	if _, err := b.rotate(t.Context(), record, "rt-2"); err != nil {
		t.Fatal(err)
	}
	b.load(t, "r1") // the control
	b.SetSealed(t, b.store, KindRecord, "r1", older)
	_, err := b.store.Load(t.Context(), "r1")
	wantError(t, "load an older form", err, session.ErrAltered)
}

func alteredCanBeEnded(t *testing.T, b *bench) {
	b.create(t, "r1", "alice")
	b.SetSealed(t, b.store, KindRecord, "r1", flip(b.Sealed(t, b.store, KindRecord, "r1"), 100))
	ended, err := b.store.End(t.Context(), "r1")
	if err != nil {
		t.Fatal(err)
	}
	wantRecord(t, "end", ended, session.Record{ID: "r1"})
	_, err = b.store.Load(t.Context(), "r1")
	wantError(t, "load", err, session.ErrEnded)
}

func listLeavesOutTheAltered(t *testing.T, b *bench) {
	b.create(t, "r1", "alice")
	b.create(t, "r2", "alice")
	b.wantList(t, "alice", "r2", "r1")
	b.SetSealed(t, b.store, KindRecord, "r1", flip(b.Sealed(t, b.store, KindRecord, "r1"), 100))
	b.wantList(t, "alice", "r2")
}

func keysRotate(t *testing.T, b *bench) {
	oldKey, newKey := Key(), Key()
	b.store = b.Open(t, Sealer(t, oldKey), b.clock.Now)
	record := b.create(t, "r1", "alice")
	if err := b.store.CommitCookie(t.Context(), "hash", []byte("r1"), record.Absolute); err != nil {
		t.Fatal(err)
	}
	b.store = b.Reopen(t, b.store, Sealer(t, newKey, oldKey), b.clock.Now)
	wantRecord(t, "load with the old key second", b.load(t, "r1"), record)
	if blob, err := b.store.FindCookie(t.Context(), "hash"); err != nil || string(blob) != "r1" {
		t.Errorf("the cookie does not open with the old key second: %v", err)
	}
	old := b.create(t, "r2", "alice")
	if _, err := b.rotate(t.Context(), record, "rt-2"); err != nil {
		t.Fatal(err)
	}
	b.store = b.Reopen(t, b.store, Sealer(t, newKey), b.clock.Now)
	wantRecord(t, "load what the new key sealed", b.load(t, "r2"), old)
	if got := b.load(t, "r1"); got.RefreshToken != "rt-2" {
		t.Error("the update did not seal with the new key")
	}
}

func withoutTheKey(t *testing.T, b *bench) {
	oldKey, newKey := Key(), Key()
	b.store = b.Open(t, Sealer(t, oldKey), b.clock.Now)
	b.create(t, "r1", "alice")
	b.store = b.Reopen(t, b.store, Sealer(t, newKey, oldKey), b.clock.Now)
	b.create(t, "r2", "alice")
	b.store = b.Reopen(t, b.store, Sealer(t, newKey), b.clock.Now)
	_, err := b.store.Load(t.Context(), "r1")
	wantError(t, "load what only the old key opens", err, session.ErrAltered)
	b.load(t, "r2") // the control
	b.wantList(t, "alice", "r2")
}

func nothingInTheClear(t *testing.T, b *bench) {
	record := b.create(t, "r1", "alice")
	if err := b.store.CommitCookie(t.Context(), "hash", []byte("leads to r1"), record.Absolute); err != nil {
		t.Fatal(err)
	}
	atRest := append(b.Sealed(t, b.store, KindRecord, "r1"), b.Sealed(t, b.store, KindCookie, "hash")...)
	if len(atRest) < len(record.IDToken)+len(record.RefreshToken) {
		t.Fatal("what lies at rest is too short to hold the record")
	}
	for _, secret := range []string{"canary", record.Subject, "Alice", "leads to"} {
		if bytes.Contains(atRest, []byte(secret)) {
			t.Errorf("%q lies at rest in the clear", secret)
		}
	}
}

var cookieTests = map[string]func(*testing.T, *bench){
	"a committed cookie is found":              committedCookieIsFound,
	"a deleted cookie cannot be committed":     deletedCookieStaysDeleted,
	"a cookie's tombstone is kept to its end":  cookieTombstoneIsKept,
	"deleting an unknown cookie leaves no row": unknownCookieIsNoError,
}

func committedCookieIsFound(t *testing.T, b *bench) {
	expires := b.clock.Now().Add(time.Hour)
	for _, blob := range []string{"first", "second"} {
		if err := b.store.CommitCookie(t.Context(), "hash", []byte(blob), expires); err != nil {
			t.Fatal(err)
		}
		if found, err := b.store.FindCookie(t.Context(), "hash"); err != nil || string(found) != blob {
			t.Errorf("found %q, %v; want %q", found, err, blob)
		}
	}
	_, err := b.store.FindCookie(t.Context(), "other")
	wantError(t, "find another", err, session.ErrNotFound)
}

func deletedCookieStaysDeleted(t *testing.T, b *bench) {
	expires := b.clock.Now().Add(time.Hour)
	if err := b.store.CommitCookie(t.Context(), "hash", []byte("r1"), expires); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := b.store.DeleteCookie(t.Context(), "hash"); err != nil {
			t.Fatal(err)
		}
		wantError(t, "commit again", b.store.CommitCookie(t.Context(), "hash", []byte("r1"), expires), session.ErrEnded)
		_, err := b.store.FindCookie(t.Context(), "hash")
		wantError(t, "find", err, session.ErrEnded)
	}
}

func cookieTombstoneIsKept(t *testing.T, b *bench) {
	if err := b.store.CommitCookie(t.Context(), "hash", []byte("r1"), b.clock.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := b.store.DeleteCookie(t.Context(), "hash"); err != nil {
		t.Fatal(err)
	}
	b.pass(t, time.Hour)
	b.sweep(t, 100, 0)
	b.pass(t, time.Second)
	b.sweep(t, 100, 1)
	_, err := b.store.FindCookie(t.Context(), "hash")
	wantError(t, "find", err, session.ErrNotFound)
}

func unknownCookieIsNoError(t *testing.T, b *bench) {
	if err := b.store.DeleteCookie(t.Context(), "unknown"); err != nil {
		t.Fatal(err)
	}
	_, err := b.store.FindCookie(t.Context(), "unknown")
	wantError(t, "find", err, session.ErrNotFound)
}

func swappedCookiesAreRefused(t *testing.T, b *bench) {
	expires := b.clock.Now().Add(time.Hour)
	for _, hash := range []string{"alices", "mallorys"} {
		if err := b.store.CommitCookie(t.Context(), hash, []byte("record of "+hash), expires); err != nil {
			t.Fatal(err)
		}
	}
	own := b.Sealed(t, b.store, KindCookie, "mallorys")
	b.SetSealed(t, b.store, KindCookie, "mallorys", b.Sealed(t, b.store, KindCookie, "alices"))
	_, err := b.store.FindCookie(t.Context(), "mallorys")
	wantError(t, "find another's blob", err, session.ErrAltered)

	b.SetSealed(t, b.store, KindCookie, "mallorys", own) // the control
	if blob, err := b.store.FindCookie(t.Context(), "mallorys"); err != nil || string(blob) != "record of mallorys" {
		t.Errorf("found %q, %v", blob, err)
	}
}
