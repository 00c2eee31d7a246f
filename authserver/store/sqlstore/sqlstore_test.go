package sqlstore

import (
	"path/filepath"
	"testing"
	"time"

	"cloakroom/authserver/store"
	"cloakroom/authserver/store/storetest"
)

// openFile opens a SQLite file and closes it when the test ends.
func openFile(tb testing.TB, path string, now func() time.Time) *Store {
	tb.Helper()
	opened, err := Open(tb.Context(), path, now)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := opened.Close(); err != nil {
			tb.Error(err)
		}
	})
	return opened
}

func TestSQLiteKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		return openFile(t, filepath.Join(t.TempDir(), "records.db"), now)
	})
}
