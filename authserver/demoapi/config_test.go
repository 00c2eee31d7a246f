package demoapi

import (
	"database/sql"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func noEnvironment(string) string { return "" }

func TestParseConfigHasDefaults(t *testing.T) {
	cfg, err := ParseConfig("demoapi.yaml", nil, noEnvironment)
	if err != nil {
		t.Fatal(err)
	}
	if len(cfg.Issuers) != 1 || cfg.Issuers[0] != "http://localhost:9000/demo/baseline" || cfg.Audience != "http://localhost:9001" || cfg.Listen != "127.0.0.1:9001" ||
		cfg.AdminListen != "127.0.0.1:9092" || cfg.Database != "demoapi.db" || len(cfg.Algorithms) == 0 {
		t.Errorf("got %+v", cfg)
	}
}

func TestParseConfigPrefersTheEnvironment(t *testing.T) {
	cfg, err := ParseConfig("demoapi.yaml", []byte("audience: https://file.example\nlisten: 127.0.0.1:1\n"), func(variable string) string {
		return map[string]string{EnvAudience: "https://environment.example"}[variable]
	})
	if err != nil || cfg.Audience != "https://environment.example" || cfg.Listen != "127.0.0.1:1" {
		t.Errorf("got %+v, %v", cfg, err)
	}
}

func TestParseConfigNamesEveryProblem(t *testing.T) {
	_, err := ParseConfig("demoapi.yaml", []byte(`issuers: [http://issuer.example]
algorithms: [HS256]
lisen: 127.0.0.1:1
listen: nowhere
admin_listen: 0.0.0.0:9092
`), noEnvironment)
	for _, want := range []string{"issuer: ", `"HS256"`, "demoapi.yaml: line 3: unknown key lisen", "listen: \"nowhere\"", "not a loopback address"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %q in: %v", want, err)
		}
	}
	for name, data := range map[string]string{"no YAML": "{", "two documents": "listen: 127.0.0.1:1\n---\nlisten: 127.0.0.1:2\n", "a list": "[1]"} {
		if _, err := ParseConfig("demoapi.yaml", []byte(data), noEnvironment); err == nil || !strings.Contains(err.Error(), "demoapi.yaml") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNewExplainsWhatIsWrongWithTheDatabase(t *testing.T) {
	folder := t.TempDir()
	for name, row := range map[string]struct {
		prepare func(path string) error
		want    string
	}{
		"text": {func(path string) error {
			return os.WriteFile(path, []byte(strings.Repeat("no database\n", 1000)), 0o600)
		}, "not a SQLite database"},
		"foreign": {func(path string) error { return execute(path, "CREATE TABLE recipes (id INTEGER)") }, "another program"},
		"newer": {func(path string) error {
			kept, err := openNotes(t.Context(), path)
			if err != nil {
				return err
			}
			return errors.Join(kept.close(), execute(path, "PRAGMA user_version = 99"))
		}, "version 99"},
		"missing/folder": {func(string) error { return nil }, "does not exist"},
	} {
		path := filepath.Join(folder, name)
		if err := row.prepare(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		kept, err := openNotes(t.Context(), path)
		if err == nil {
			_ = kept.close()
			t.Errorf("%s: opened", name)
			continue
		}
		if !strings.Contains(err.Error(), row.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: want %q and the path in: %v", name, row.want, err)
		}
	}
}

func execute(path, statement string) error {
	pool, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	_, err = pool.Exec(statement)
	return errors.Join(err, pool.Close())
}

func TestAdminTellsWhetherTheAPICanDoItsWork(t *testing.T) {
	w := newWorld(t)
	status := func(path string) int {
		recorder := httptest.NewRecorder()
		w.api.Admin().ServeHTTP(recorder, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
		return recorder.Code
	}
	if live, ready := status("/livez"), status("/readyz"); live != 200 || ready != 200 {
		t.Errorf("live %d, ready %d", live, ready)
	}
	if err := w.api.Close(); err != nil {
		t.Fatal(err)
	}
	if live, ready := status("/livez"), status("/readyz"); live != 200 || ready != 503 {
		t.Errorf("closed: live %d, ready %d", live, ready)
	}
}
