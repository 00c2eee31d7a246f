package sqlstore

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

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
		"postgres://h/x?pool_max_conns=1":     "not a number of 2 or more",
		"postgres://h/x?pool_max_conns=many":  "not a number of 2 or more",
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
