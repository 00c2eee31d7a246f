// Package redistest runs a redis-server of a test's own: on a free port, with its data in the test's folder, stopped when the test
// ends. It owns the process and nothing of what is kept in it. A machine without redis-server fails the test; nothing is skipped.
//
// Start with [Start].
package redistest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// Server is a running redis-server.
type Server struct {
	// URL is what clients open.
	URL string

	args    []string
	port    int
	process *exec.Cmd
	output  *bytes.Buffer
}

const patience = 30 * time.Second

// Memory is a server that forgets everything when it stops, Durable one that does not.
var (
	Memory  = []string{"--appendonly", "no"}
	Durable = []string{"--appendonly", "yes", "--appendfsync", "always"}
)

// Start starts a server with more arguments than its port and folder.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatal("this test needs redis-server and does not find it: install the package redis-server (apt-get install redis-server)")
	}
	// Another process can take the port between our looking for it and the server's.
	for range 3 {
		port := freePort(t)
		s := &Server{
			port: port, URL: "redis://127.0.0.1:" + strconv.Itoa(port) + "/0",
			args: slices.Concat([]string{"--bind", "127.0.0.1", "--port", strconv.Itoa(port), "--dir", t.TempDir(), "--save", ""}, args),
		}
		if s.start(t) {
			t.Cleanup(func() { s.Stop(t) })
			return s
		}
	}
	t.Fatal("redis-server does not start")
	return nil
}

func freePort(t testing.TB) int {
	t.Helper()
	var config net.ListenConfig
	listener, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	address, _ := listener.Addr().(*net.TCPAddr)
	return address.Port
}

// start reports whether the server accepts connections.
func (s *Server) start(t testing.TB) bool {
	t.Helper()
	s.output = &bytes.Buffer{}
	s.process = exec.CommandContext(context.Background(), "redis-server", s.args...) //nolint:gosec // G204: the test's own arguments
	s.process.Stdout, s.process.Stderr = s.output, s.output
	if err := s.process.Start(); err != nil {
		t.Fatal(err)
	}
	for range patience / (10 * time.Millisecond) {
		if s.answers() {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.Stop(t)
	t.Logf("redis-server said: %s", s.output)
	return false
}

// answers reports whether the server can be asked: not yet while it loads what it kept.
func (s *Server) answers() bool {
	dialer := net.Dialer{Timeout: time.Second}
	connection, err := dialer.DialContext(context.Background(), "tcp", "127.0.0.1:"+strconv.Itoa(s.port))
	if err != nil {
		return false
	}
	defer func() { _ = connection.Close() }()
	answer := make([]byte, 7)
	if _, err := fmt.Fprint(connection, "PING\r\n"); err != nil {
		return false
	}
	_ = connection.SetReadDeadline(time.Now().Add(time.Second))
	_, err = connection.Read(answer)
	return err == nil && (bytes.HasPrefix(answer, []byte("+PONG")) || bytes.HasPrefix(answer, []byte("-NOAUTH")))
}

// Stop kills the server: what it had not made durable is lost. A server that was stopped can be started again.
func (s *Server) Stop(t testing.TB) {
	t.Helper()
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	exit, ok := errors.AsType[*exec.ExitError](s.process.Wait())
	if !ok || exit.ExitCode() != -1 {
		t.Logf("redis-server had ended by itself: %s", s.output)
	}
	s.process = nil
}

// StartAgain starts a stopped server on the same port, with what it kept.
func (s *Server) StartAgain(t testing.TB) {
	t.Helper()
	if !s.start(t) {
		t.Fatal("redis-server does not start again")
	}
}

// Freeze stops the server from answering, and from closing connections, until Thaw.
func (s *Server) Freeze(t testing.TB) { s.signal(t, syscall.SIGSTOP) }

// Thaw undoes Freeze.
func (s *Server) Thaw(t testing.TB) { s.signal(t, syscall.SIGCONT) }

func (s *Server) signal(t testing.TB, signal syscall.Signal) {
	t.Helper()
	if err := s.process.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
}
