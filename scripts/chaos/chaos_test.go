//go:build chaos

package chaos

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/store/sqlstore"
	"cloakroom/bff/session/redistest"
)

const (
	sessions = 20
	calls    = 10 // of each session at a time
	expiries = 3
)

// house is the provider, the API and two processes of the product.
type house struct {
	t         *testing.T
	origin    string
	secret    string
	issuer    string
	addresses [2]string
	processes [2]*exec.Cmd

	mu          sync.Mutex
	redemptions int // refreshes that were answered with tokens
	busy        chan struct{}
}

func TestKilledInstanceEndsNoSessionWithOurServer(t *testing.T) {
	survive(t, open(t), expiries)
}

// Instances that share a Redis hear each other; the lease and what it guards are the same.
func TestKilledInstanceEndsNoSessionOnRedis(t *testing.T) {
	server := redistest.Start(t, redistest.Durable...)
	survive(t, open(t, "BFF_SESSION_STORE=redis", "BFF_REDIS_URL="+server.URL), 1)
}

// survive has so many expiries pass while two processes live, and another while one of them is killed.
func survive(t *testing.T, h *house, expiries int) {
	t.Helper()
	var browsers []*browser
	for range sessions {
		b := &browser{t: t, cookies: map[string]map[string]string{}, origin: h.origin, at: h.addresses[0]}
		b.signIn()
		browsers = append(browsers, b)
	}
	total := 0
	for round := range expiries {
		total += h.expire(func() {
			h.rush(browsers, func(status, _ int) {
				if status != http.StatusOK {
					t.Errorf("expiry %d: status %d", round, status)
				}
			})
		})
	}
	if total != expiries*sessions {
		t.Errorf("%d redemptions for %d expiries of %d sessions", total, expiries, sessions)
	}
	h.mu.Lock()
	h.busy = make(chan struct{}, 1000)
	h.mu.Unlock()
	h.expire(func() {
		go h.kill(1)
		h.rush(browsers, func(status, at int) {
			if at == 0 && status != http.StatusOK {
				t.Errorf("after the kill: status %d at the process that lives", status)
			}
		})
	})
	ended := 0
	for _, b := range browsers {
		if b.call(t.Context(), h.addresses[0], 0) != http.StatusOK {
			ended++
		}
	}
	if ended > 0 {
		t.Errorf("%d sessions ended", ended)
	}
	if h.processes[1].ProcessState == nil {
		t.Error("control: nobody was killed")
	}
	t.Logf("%d sessions, %d calls at a time, %d redemptions in %d expiries, one process killed, %d sessions ended", sessions, sessions*calls, total, expiries, ended)
}

// expire waits until all tokens are over, and counts the redemptions that work then needs.
func (h *house) expire(work func()) int {
	time.Sleep((lifetime + 1) * time.Second)
	h.mu.Lock()
	before := h.redemptions
	h.mu.Unlock()
	work()
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.redemptions - before
}

// rush makes all calls at once, at both processes, a third of them given up at any time.
func (h *house) rush(browsers []*browser, check func(status, at int)) {
	var group sync.WaitGroup
	for nth, b := range browsers {
		for i := range calls {
			at, giveUp := (i+nth)%2, time.Duration(0)
			if anyOf(3) == 0 {
				giveUp = time.Duration(1+anyOf(150)) * time.Millisecond
			}
			group.Go(func() {
				if status := b.call(h.t.Context(), h.addresses[at], giveUp); status != 0 || giveUp == 0 {
					check(status, at)
				}
			})
		}
	}
	group.Wait()
}

// kill ends a process without warning, as soon as a few refreshes are under way.
func (h *house) kill(process int) {
	for range 5 {
		<-h.busy
	}
	if err := h.processes[process].Process.Kill(); err != nil {
		h.t.Error(err)
	}
	_ = h.processes[process].Wait()
}

// open starts the provider, the API and the two processes, whose settings the environment changes.
func open(t *testing.T, environment ...string) *house {
	t.Helper()
	h := &house{t: t, secret: rand.Text()}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ") {
			w.WriteHeader(http.StatusUnauthorized)
		}
	}))
	t.Cleanup(api.Close)
	for i := range h.addresses {
		listener := listen(t)
		h.addresses[i] = listener.Addr().String()
		_ = listener.Close()
	}
	h.origin = "http://" + h.addresses[0]
	h.startServer(api.URL)
	h.startBackends(api.URL, environment)
	return h
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return listener
}

func (h *house) startServer(api string) {
	h.t.Helper()
	listener := listen(h.t)
	h.issuer = fmt.Sprintf("http://localhost:%d", listener.Addr().(*net.TCPAddr).Port)
	environment := map[string]string{authserver.EnvKeyEncryptionKey: keys.NewSealingKey().Reveal()}
	text := fmt.Sprintf(authorizationServer, h.issuer, h.origin, api, sha256.Sum256([]byte(h.secret)))
	config, err := authserver.ParseConfig("authserver.yaml", []byte(text), func(name string) string { return environment[name] })
	if err := errors.Join(err, config.ReadSecrets(os.ReadFile)); err != nil {
		h.t.Fatal(err)
	}
	store, err := sqlstore.Open(h.t.Context(), filepath.Join(h.t.TempDir(), "authserver.db"), time.Now)
	if err != nil {
		h.t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	server, err := authserver.New(h.t.Context(), config, store, log)
	if err != nil {
		h.t.Fatal(err)
	}
	slow := authserver.HTTPServer(h.slow(server.Handler()), log)
	go func() { _ = slow.Serve(listener) }()
	h.t.Cleanup(func() {
		if err := errors.Join(slow.Close(), server.Close(), store.Close()); err != nil {
			h.t.Error(err)
		}
	})
}

// slow lets refreshes take their time, before and after they are done, and counts those that bring tokens.
func (h *house) slow(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(body))
		form, _ := url.ParseQuery(string(body))
		if err != nil || form.Get("grant_type") != "refresh_token" {
			next.ServeHTTP(w, r)
			return
		}
		h.mu.Lock()
		busy := h.busy
		h.mu.Unlock()
		time.Sleep(time.Duration(anyOf(100)) * time.Millisecond)
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if answer.Code == http.StatusOK {
			h.mu.Lock()
			h.redemptions++
			h.mu.Unlock()
		}
		if busy != nil {
			busy <- struct{}{}
		}
		time.Sleep(time.Duration(anyOf(100)) * time.Millisecond)
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(answer.Body.Bytes())
	})
}

// startBackends builds the product's program and runs it twice, on one store.
func (h *house) startBackends(api string, environment []string) {
	h.t.Helper()
	folder := h.t.TempDir()
	program := filepath.Join(folder, "bff")
	if out, err := exec.CommandContext(h.t.Context(), "go", "build", "-o", program, "cloakroom/bff/cmd/bff").CombinedOutput(); err != nil {
		h.t.Fatalf("build: %v: %s", err, out)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails (crypto/rand)
	for i, address := range h.addresses {
		config := filepath.Join(folder, fmt.Sprintf("bff%d.yaml", i))
		text := fmt.Sprintf(backend, h.issuer, h.origin, api, "", address, filepath.Join(folder, "sessions.db"))
		if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
			h.t.Fatal(err)
		}
		command := exec.CommandContext(h.t.Context(), program, "serve", "--config", config)
		command.Env = append(append(os.Environ(), environment...), "CHAOS_SECRET="+h.secret, "BFF_SESSION_KEYS="+base64.StdEncoding.EncodeToString(key))
		var log bytes.Buffer
		command.Stderr = &log
		if err := command.Start(); err != nil {
			h.t.Fatal(err)
		}
		h.processes[i] = command
		h.t.Cleanup(func() {
			_ = command.Process.Kill()
			_ = command.Wait()
			if h.t.Failed() {
				h.t.Log(log.String())
			}
		})
		h.await(address)
	}
}

func (h *house) await(address string) {
	h.t.Helper()
	for range 200 {
		connection, err := (&net.Dialer{}).DialContext(context.WithoutCancel(h.t.Context()), "tcp", address)
		if err == nil {
			_ = connection.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	h.t.Fatalf("%s does not listen", address)
}

// anyOf returns a number below n, at random.
func anyOf(n uint16) int {
	var data [2]byte
	_, _ = rand.Read(data[:]) // never fails (crypto/rand)
	return int(binary.BigEndian.Uint16(data[:]) % n)
}
