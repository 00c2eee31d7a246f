// Package postgres starts a real PostgreSQL server for tests and benchmarks: with data of its own in a temporary folder, on a free
// port of the loopback address, gone when it is stopped. It owns the server's process and nothing that is kept in it.
// Debian's package postgresql has the programs that it needs.
//
// The package's tests (build tag postgres) hold the authorization server to PostgreSQL: the store's contract, pools smaller
// than the concurrency, and two server processes on one database. `make postgres` runs them.
//
// Start with [Start].
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// Server is a running PostgreSQL.
type Server struct {
	folder string
	port   int
	programs
}

// programs are the two programs that make and run a server, and who runs them.
type programs struct {
	initdb, pgctl string
	as            []string // a prefix to each command: PostgreSQL refuses to run as root
}

// startup bounds the start and the stop of a server on a loaded machine.
const startup = time.Minute

// Start makes an empty server and returns when it answers. The caller stops it.
func Start(ctx context.Context) (*Server, error) {
	found, err := findPrograms()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "postgres")
	if err != nil {
		return nil, err
	}
	s := &Server{folder: folder, programs: found}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("postgres: %w", err), os.RemoveAll(folder))
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	if err := s.giveFolder(); err != nil {
		return err
	}
	// Nobody but this machine's loopback address reaches it, and there is nothing in it: it asks for no password.
	if err := s.run(ctx, s.initdb, "--pgdata="+s.data(), "--username=test", "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync"); err != nil {
		return fmt.Errorf("initdb: %w", err)
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.port = listener.Addr().(*net.TCPAddr).Port //nolint:forcetypeassert // of a TCP listener
	if err := listener.Close(); err != nil {
		return err
	}
	return s.Restart(ctx)
}

// Restart starts a server that was stopped with [Server.Halt], on the same port and with the same data.
func (s *Server) Restart(ctx context.Context) error {
	options := fmt.Sprintf("-h 127.0.0.1 -p %d -k '' -c max_connections=200", s.port)
	err := s.run(ctx, s.pgctl, "start", "--wait", "--silent", "--pgdata="+s.data(), "--log="+s.log(), "--options="+options)
	if err != nil {
		text, _ := os.ReadFile(s.log())
		return fmt.Errorf("pg_ctl start: %w\n%s", err, text)
	}
	return nil
}

// Halt stops the server at once and keeps its data: an outage.
func (s *Server) Halt(ctx context.Context) error {
	return s.run(ctx, s.pgctl, "stop", "--wait", "--silent", "--mode=immediate", "--pgdata="+s.data())
}

// Stop stops the server and deletes its data.
func (s *Server) Stop(ctx context.Context) error {
	return errors.Join(s.Halt(ctx), os.RemoveAll(s.folder))
}

// DSN is the address of the server's database, with parameters of a connection: search_path, for a schema of one's own.
func (s *Server) DSN(parameters url.Values) string {
	address := url.URL{
		Scheme: "postgres", User: url.User("test"), Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/postgres",
		RawQuery: parameters.Encode(),
	}
	return address.String()
}

func (s *Server) data() string { return filepath.Join(s.folder, "data") }

func (s *Server) log() string { return filepath.Join(s.folder, "log") }

func (s *Server) run(ctx context.Context, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, startup)
	defer cancel()
	command := append(append([]string{}, s.as...), append([]string{program}, args...)...)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // our own arguments
	cmd.Dir = s.folder
	output, err := os.CreateTemp("", "postgres-output") // not a pipe: the server would keep it open
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(output.Name()) }()
	cmd.Stdout, cmd.Stderr = output, output
	err = errors.Join(cmd.Run(), output.Close())
	if err != nil {
		text, _ := os.ReadFile(output.Name())
		return fmt.Errorf("%w\n%s", err, text)
	}
	return nil
}

// giveFolder makes the folder the account's that runs the server.
func (s *Server) giveFolder() error {
	if len(s.as) == 0 {
		return nil
	}
	account, err := user.Lookup(account)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	return os.Chown(s.folder, uid, -1)
}
