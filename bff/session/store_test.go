package session_test

import (
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

func TestMemoryKeepsTheStoreContract(t *testing.T) {
	memory := func(store session.Store) *session.Memory { return store.(*session.Memory) }
	sessiontest.Run(t, sessiontest.Backend{
		Open: func(_ *testing.T, sealer *session.Sealer, now func() time.Time) session.Store {
			return session.NewMemory(sealer, now)
		},
		Reopen: func(_ *testing.T, store session.Store, sealer *session.Sealer, _ func() time.Time) session.Store {
			return memory(store).With(sealer)
		},
		Sealed: func(_ *testing.T, store session.Store, kind sessiontest.Kind, key string) []byte {
			if kind == sessiontest.KindRecord {
				return memory(store).SealedRecord(key)
			}
			return memory(store).SealedCookie(key)
		},
		SetSealed: func(_ *testing.T, store session.Store, kind sessiontest.Kind, key string, sealed []byte) {
			if kind == sessiontest.KindRecord {
				memory(store).SetSealedRecord(key, sealed)
				return
			}
			memory(store).SetSealedCookie(key, sealed)
		},
	})
}

func TestSQLiteKeepsTheStoreContract(t *testing.T) {
	db := func(store session.Store) *sql.DB { return store.(*session.SQLite).DB() }
	read := map[sessiontest.Kind]string{
		sessiontest.KindRecord: "SELECT sealed FROM records WHERE id = ?",
		sessiontest.KindCookie: "SELECT sealed FROM cookies WHERE hash = ?",
	}
	write := map[sessiontest.Kind]string{
		sessiontest.KindRecord: "UPDATE records SET sealed = ? WHERE id = ?",
		sessiontest.KindCookie: "UPDATE cookies SET sealed = ? WHERE hash = ?",
	}
	sessiontest.Run(t, sessiontest.Backend{
		Open: func(t *testing.T, sealer *session.Sealer, now func() time.Time) session.Store {
			t.Helper()
			return openSQLite(t, filepath.Join(t.TempDir(), "sessions.db"), sealer, now)
		},
		Reopen: func(t *testing.T, store session.Store, sealer *session.Sealer, now func() time.Time) session.Store {
			t.Helper()
			var path string
			if err := db(store).QueryRowContext(t.Context(), "SELECT file FROM pragma_database_list").Scan(&path); err != nil {
				t.Fatal(err)
			}
			if err := store.Close(); err != nil {
				t.Fatal(err)
			}
			return openSQLite(t, path, sealer, now)
		},
		Sealed: func(t *testing.T, store session.Store, kind sessiontest.Kind, key string) []byte {
			t.Helper()
			var sealed []byte
			if err := db(store).QueryRowContext(t.Context(), read[kind], key).Scan(&sealed); err != nil {
				t.Fatal(err)
			}
			return sealed
		},
		SetSealed: func(t *testing.T, store session.Store, kind sessiontest.Kind, key string, sealed []byte) {
			t.Helper()
			if _, err := db(store).ExecContext(t.Context(), write[kind], sealed, key); err != nil {
				t.Fatal(err)
			}
		},
	})
}

func openSQLite(t *testing.T, path string, sealer *session.Sealer, now func() time.Time) *session.SQLite {
	t.Helper()
	store, err := session.OpenSQLite(t.Context(), path, sealer, now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store
}
