package authserver_test

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/store/memory"
)

// house is a running server with a clock that the test sets.
type house struct {
	t      *testing.T
	server *httptest.Server
	as     *authserver.Server
	issuer string
	store  *memory.Store
	log    *lockedBuffer
	clock  *clock
}

// sealedKeys are the signing keys of every test's first workspace: an RSA key takes longer to make than a test to run.
var sealedKeys = sync.OnceValue(func() (made struct {
	sealingKey oauth.Secret
	records    []store.Key
},
) {
	ctx, st := context.Background(), memory.New(time.Now)
	made.sealingKey = keys.NewSealingKey()
	sealer, err := keys.NewSealer(made.sealingKey)
	if err != nil {
		panic(err)
	}
	if _, err := keys.Open(ctx, st, sealer, "demo/baseline", []jwa.SignatureAlgorithm{jwa.RS256, jwa.ES256}, time.Now); err != nil {
		panic(err)
	}
	if made.records, err = st.Keys(ctx, "demo/baseline"); err != nil {
		panic(err)
	}
	return made
})

type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(by)
}

type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}

func start(t *testing.T) *house { return startWith(t, nil) }

// startWith starts a server on a store that the test has wrapped.
func startWith(t *testing.T, wrap func(store.Store) store.Store) *house {
	t.Helper()
	return startAs(t, setup{text: configuration, wrap: wrap})
}

// setup is what a server is started with.
type setup struct {
	text  string                        // its configuration
	files map[string]string             // that the configuration names
	wrap  func(store.Store) store.Store // the store that it uses; nil for the plain one
	base  string                        // its base URL; empty for its address
	token string                        // of its admin API; empty for none
}

func startAs(t *testing.T, given setup) *house {
	t.Helper()
	h := &house{t: t, log: &lockedBuffer{}, clock: &clock{now: time.Now()}}
	h.store = memory.New(h.clock.Now)
	h.server = httptest.NewUnstartedServer(nil)
	h.server.Config.ErrorLog = slog.NewLogLogger(slog.NewTextHandler(io.Discard, nil), slog.LevelError)
	base := cmp.Or(given.base, "https://"+h.server.Listener.Addr().String())
	h.issuer = base + "/demo/baseline"
	sum := sha256.Sum256([]byte(webSecret))
	text := strings.NewReplacer("$WEB", hex.EncodeToString(sum[:]), "$SIGNER", signerKey().publicJWK(), "$BASE", base).Replace(given.text)
	environment := map[string]string{authserver.EnvBaseURL: base, authserver.EnvKeyEncryptionKey: sealedKeys().sealingKey.Reveal(), authserver.EnvAdminToken: given.token}
	for _, key := range sealedKeys().records {
		if err := h.store.AddKey(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	cfg, err := authserver.ParseConfig("test.yaml", []byte(text), func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	err = cfg.ReadSecrets(func(path string) ([]byte, error) { return []byte(given.files[path]), nil })
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewJSONHandler(h.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var st store.Store = h.store
	if given.wrap != nil {
		st = given.wrap(st)
	}
	server, err := authserver.NewAt(t.Context(), cfg, st, log, h.clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	h.as = server
	h.server.Config.Handler = server.Handler()
	h.server.TLS = &tls.Config{ClientAuth: tls.RequestClientCert} //nolint:gosec // httptest's own is as old
	h.server.StartTLS()
	h.server.URL = base
	t.Cleanup(func() {
		h.server.Close()
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	return h
}
