package sqlstore

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

// issued is a code and its grant, live for an hour.
func issued(tb testing.TB, to *Store) store.Handle {
	tb.Helper()
	handle := store.NewHandle(time.Now())
	expires := time.Now().Add(time.Hour)
	err := to.IssueCode(tb.Context(),
		store.Code{Workspace: "w", ID: handle.ID, SecretHash: handle.Hash(), GrantID: "g-" + handle.ID, Expires: expires},
		store.Grant{Workspace: "w", ID: "g-" + handle.ID, ClientID: "client", Subject: "subject", Expires: expires})
	if err != nil {
		tb.Fatal(err)
	}
	return handle
}

func TestReopenedFileHasEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	first, err := Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	used, unused := issued(t, first), issued(t, first)
	if _, _, err := first.ConsumeCode(t.Context(), "w", used); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := openFile(t, "file:"+path, time.Now)
	if _, _, err := second.ConsumeCode(t.Context(), "w", used); !errors.Is(err, store.ErrConsumed) {
		t.Errorf("the used code: %v", err)
	}
	if _, _, err := second.ConsumeCode(t.Context(), "w", unused); err != nil {
		t.Errorf("the unused code: %v", err)
	}
}

// childPath tells the test program that it is the child of TestKilledProcessLosesNothingThatItAnswered.
const childPath = "SQLSTORE_TEST_CHILD_PATH"

// TestChildWritesUntilItIsKilled is no test of its own: it is the child's main.
func TestChildWritesUntilItIsKilled(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		return
	}
	writing, err := Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for {
		handle := issued(t, writing)
		if _, _, err := writing.ConsumeCode(t.Context(), "w", handle); err != nil {
			t.Fatal(err)
		}
		fmt.Println("used " + handle.Reveal()) //nolint:forbidigo // the child's answer to its parent
	}
}

func TestKilledProcessLosesNothingThatItAnswered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildWritesUntilItIsKilled$", "-test.v")
	child.Env = append(os.Environ(), childPath+"="+path)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var used []string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "used "); found {
			used = append(used, text)
		}
		if len(used) == 100 {
			_ = child.Process.Kill() // what it still wrote into the pipe is read too
		}
	}
	_ = child.Wait()
	if len(used) < 100 {
		t.Fatalf("the child answered %d times only", len(used))
	}
	reopened := openFile(t, path, time.Now)
	for _, text := range used {
		handle, err := store.ParseHandle(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := reopened.ConsumeCode(t.Context(), "w", handle); !errors.Is(err, store.ErrConsumed) {
			t.Fatalf("a code that was used before the kill: %v", err)
		}
	}
}

func TestOpenExplainsWhatIsWrong(t *testing.T) {
	folder := t.TempDir()
	for _, row := range []struct {
		name    string
		prepare func(t *testing.T, path string)
		want    string
	}{
		{"another kind of file", func(t *testing.T, path string) {
			writeFile(t, path, []byte(strings.Repeat("this is no database at all\n", 200)))
		}, "not a SQLite database"},
		{"a damaged file", damage, "is damaged"},
		{"a truncated file", func(t *testing.T, path string) {
			fill(t, path)
			if err := os.Truncate(path, 3*4096+100); err != nil {
				t.Fatal(err)
			}
		}, "is damaged"},
		{"another program's database", func(t *testing.T, path string) { execute(t, path, "CREATE TABLE recipes (id INTEGER)") }, "another program"},
		{"a newer schema", func(t *testing.T, path string) {
			fill(t, path)
			execute(t, path, "INSERT INTO "+ledger+" (version, name, applied) VALUES (999, 'later', 0)")
		}, "version 999"},
		{"a folder", func(t *testing.T, path string) {
			if err := os.Mkdir(path, 0o700); err != nil {
				t.Fatal(err)
			}
		}, "is a directory"},
	} {
		t.Run(row.name, func(t *testing.T) {
			path := filepath.Join(folder, strings.ReplaceAll(row.name, " ", "-")+".db")
			row.prepare(t, path)
			opened, err := Open(t.Context(), path, time.Now)
			if err == nil {
				_ = opened.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("want %q and the path in: %v", row.want, err)
			}
		})
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	for dsn, want := range map[string]string{
		"":                                    "no database",
		"file:":                               "no database",
		"mysql://localhost/x":                 `unknown database scheme "mysql"`,
		":memory:":                            "not in memory",
		"file:x?mode=memory":                  "without parameters",
		"postgres://u:p4ss@host:port/x":       "cannot be read",
		"postgres://u:p4ss@127.0.0.1:1/x":     `database "x" at 127.0.0.1:1`,
		filepath.Join(t.TempDir(), "no", "x"): "does not exist",
	} {
		opened, err := Open(t.Context(), dsn, time.Now)
		if err == nil {
			_ = opened.Close()
			t.Errorf("%q: opened", dsn)
			continue
		}
		if !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "p4ss") {
			t.Errorf("%q: want %q in: %v", dsn, want, err)
		}
	}
}

func TestPathsMayHaveAnyCharacter(t *testing.T) {
	for _, name := range []string{"with space.db", "a?b#c%20d.db", "ünï.db"} {
		path := filepath.Join(t.TempDir(), name)
		openFile(t, path, time.Now)
		info, err := os.Stat(path)
		if err != nil || info.Size() == 0 {
			t.Errorf("%q: %v, %v", name, info, err)
		}
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	issued(t, openFile(t, path, time.Now))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path+suffix, info, err)
		}
	}
}

func TestCommitsWaitForTheDisk(t *testing.T) {
	opened := openFile(t, filepath.Join(t.TempDir(), "records.db"), time.Now)
	err := opened.update(t.Context(), "read settings", func(ctx context.Context, tx *tx) error {
		var mode string
		var synchronous int
		err := errors.Join(tx.row(ctx, "PRAGMA journal_mode").Scan(&mode), tx.row(ctx, "PRAGMA synchronous").Scan(&synchronous))
		if mode != "wal" || synchronous != 2 {
			t.Errorf("journal_mode %s, synchronous %d; want wal, 2 (FULL)", mode, synchronous)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := opened.reads.ExecContext(t.Context(), "DELETE FROM codes"); err == nil {
		t.Error("a reader wrote")
	}
}

// fill makes a database with many records in it.
func fill(t *testing.T, path string) {
	t.Helper()
	opened, err := Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for range 200 {
		issued(t, opened)
	}
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
}

// damage overwrites pages in the middle of a database.
func damage(t *testing.T, path string) {
	t.Helper()
	fill(t, path)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	copy(data[len(data)/3:2*len(data)/3], strings.Repeat("damage", len(data)/3))
	writeFile(t, path, data)
}

func writeFile(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// execute runs a statement on a file, past the store.
func execute(t *testing.T, path, statement string) {
	t.Helper()
	database, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, err = database.ExecContext(t.Context(), statement)
	if err := errors.Join(err, database.Close()); err != nil {
		t.Fatal(err)
	}
}
