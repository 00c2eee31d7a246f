//go:build interop

package client

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// keepsNoSecret looks for every secret of the run in the server's log and in its database (security rows T04 and T09). The control is a
// text that has to be in both.
func (h *house) keepsNoSecret(t *testing.T) {
	t.Helper()
	noted, err := os.ReadFile(h.canaries)
	if errors.Is(err, os.ErrNotExist) && os.Getenv("CHECKS") != "" { // some of the files have no flow
		return
	}
	if err != nil {
		t.Errorf("no check noted a secret: %v", err)
		return
	}
	secrets := append(strings.Fields(string(noted)), h.Secret, h.Password)
	places := h.kept(t)
	for place, content := range places {
		if !bytes.Contains(content, []byte("interop/baseline")) {
			t.Errorf("%s does not name the workspace: it is not what it seems to be", place)
		}
		for _, secret := range secrets {
			if len(secret) < 16 {
				t.Errorf("a secret of %d characters could be found anywhere", len(secret))
			}
			if bytes.Contains(content, []byte(secret)) {
				t.Errorf("%s has a secret that begins with %.8s", place, secret)
			}
		}
	}
	t.Logf("%d secrets are neither in the log nor in the database", len(secrets))
}

// kept is what the server wrote, by place.
func (h *house) kept(t *testing.T) map[string][]byte {
	t.Helper()
	var database bytes.Buffer
	files, err := filepath.Glob(filepath.Join(h.database, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no database: %v", err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		database.Write(content)
	}
	return map[string][]byte{"the log": h.log.Bytes(), "the database": database.Bytes()}
}

// lockedBuffer is the server's log.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) Bytes() []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	return bytes.Clone(b.buffer.Bytes())
}
