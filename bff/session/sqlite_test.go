package session_test

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

// Each row is a file that is not a session store of this program's, and what the error has to say of it.
func TestOpenSQLiteSaysWhatIsWrongWithTheFile(t *testing.T) {
	key := sessiontest.Key()
	for name, test := range map[string]struct {
		change func(t *testing.T, path string)
		says   string
	}{
		"as it was":              {change: func(*testing.T, string) {}},
		"text":                   {says: "no SQLite database", change: overwrite("this is not a database, but long enough to be read as one\n")},
		"truncated":              {says: "the file is damaged", change: cut},
		"damaged in the middle":  {says: "the file is damaged", change: damage},
		"another program's":      {says: "another program", change: execute("PRAGMA application_id = 7")},
		"a newer version's":      {says: "newer version", change: execute("PRAGMA user_version = 99")},
		"sealed with other keys": {says: "not among the configured ones", change: sealElsewhere},
		"a folder":               {says: "is a directory", change: replaceByFolder},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "sessions.db")
			fill(t, path, key)
			test.change(t, path)
			before, _ := os.ReadFile(path)
			store, err := session.OpenSQLite(t.Context(), path, sessiontest.Sealer(t, key), time.Now)
			if test.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				_ = store.Close()
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.says) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %v; it has to name the file and say %q", err, test.says)
			}
			if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

func TestOpenSQLiteNamesAFolderThatIsMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "missing", "sessions.db")
	_, err := session.OpenSQLite(t.Context(), path, sessiontest.Sealer(t), time.Now)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got error %v", err)
	}
}

// fill makes a store of some pages and closes it.
func fill(t *testing.T, path string, key []byte) {
	t.Helper()
	store, err := session.OpenSQLite(t.Context(), path, sessiontest.Sealer(t, key), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		if err := store.Create(t.Context(), sessiontest.Record(fmt.Sprintf("r%02d", i), "alice", time.Now())); err != nil {
			t.Fatal(err)
		}
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

func overwrite(text string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		if err := os.WriteFile(path, bytes.Repeat([]byte(text), 50), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func cut(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()/2); err != nil {
		t.Fatal(err)
	}
}

func damage(t *testing.T, path string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(content[4096:], bytes.Repeat([]byte{0xff}, 4096))
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func execute(statement string) func(*testing.T, string) {
	return func(t *testing.T, path string) {
		t.Helper()
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func sealElsewhere(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	fill(t, path, sessiontest.Key())
}

func replaceByFolder(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

func TestSQLiteFileIsTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	openSQLite(t, path, sessiontest.Sealer(t), time.Now)
	files, err := filepath.Glob(path + "*")
	if err != nil || len(files) < 2 {
		t.Fatalf("the store is in %v, %v", files, err)
	}
	for _, file := range files {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %o", filepath.Base(file), info.Mode().Perm())
		}
	}
}

// What was answered survives a power cut: synchronous is FULL (2) on the connection that writes.
func TestSQLiteCommitsAreDurable(t *testing.T) {
	store := openSQLite(t, filepath.Join(t.TempDir(), "sessions.db"), sessiontest.Sealer(t), time.Now)
	for pragma, want := range map[string]string{"synchronous": "2", "journal_mode": "wal"} {
		var got string
		if err := store.DB().QueryRowContext(t.Context(), "PRAGMA "+pragma).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, %v; want %q", pragma, got, err, want)
		}
	}
}

// T04: who gets hold of the files holds no token. The control is the record's id, which is not secret and has to be found, so that the
// search is known to find what is there.
func TestSQLiteFilesHoldNoTokenInTheClear(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sessions.db")
	store := openSQLite(t, path, sessiontest.Sealer(t), time.Now)
	record := sessiontest.Record("the-record-id", "the-subject", time.Now())
	if err := store.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	changed := record.Clone()
	changed.RefreshToken = "canary-rotated"
	if _, err := store.Update(t.Context(), changed); err != nil {
		t.Fatal(err)
	}
	if err := store.CommitCookie(t.Context(), "the-cookie-hash", []byte("canary-blob"), record.Absolute); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	var atRest []byte
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		atRest = append(atRest, content...)
	}
	for _, control := range []string{"the-record-id", "the-cookie-hash"} {
		if !bytes.Contains(atRest, []byte(control)) {
			t.Errorf("the control %q is not found: the search does not see the rows", control)
		}
	}
	for _, secret := range []string{"canary", "the-subject", "Alice"} {
		if bytes.Contains(atRest, []byte(secret)) {
			t.Errorf("%q lies in the files in the clear", secret)
		}
	}
}

// A store that is down must not look like a session that ended.
func TestSQLiteThatIsDownSaysNothingOfTheSession(t *testing.T) {
	store, err := session.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "sessions.db"), sessiontest.Sealer(t), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	record := sessiontest.Record("r1", "alice", time.Now())
	if err := store.Create(t.Context(), record); err != nil {
		t.Fatal(err)
	}
	if err := store.Ping(t.Context()); err != nil {
		t.Errorf("ping, the control: %v", err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	_, load := store.Load(t.Context(), "r1")
	_, update := store.Update(t.Context(), record)
	_, end := store.End(t.Context(), "r1")
	_, find := store.FindCookie(t.Context(), "hash")
	for verb, err := range map[string]error{"load": load, "update": update, "end": end, "find": find, "ping": store.Ping(t.Context())} {
		if err == nil {
			t.Errorf("%s of a closed store is no error", verb)
		}
		for _, verdict := range []error{session.ErrNotFound, session.ErrEnded, session.ErrConflict, session.ErrAltered} {
			if errors.Is(err, verdict) {
				t.Errorf("%s of a closed store says %v", verb, err)
			}
		}
	}
}
