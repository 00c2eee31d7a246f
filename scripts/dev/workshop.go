package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// workshop holds the page as it is now: the server of its last good build, and what is wrong with the present one.
type workshop struct {
	page   atomic.Pointer[string] // where the page is served
	hub    hub
	server *pageServer

	finish func() // ends what is going on since the last save
}

func (w *workshop) close() {
	w.end()
	if w.server != nil {
		w.server.stop()
	}
}

func (w *workshop) end() {
	if w.finish != nil {
		w.finish()
	}
}

// saved begins to rebuild the page. What is going on since the save before ends, the compiler too: it works on what is out of date.
func (w *workshop) saved(ctx context.Context) {
	w.end()
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.rebuild(ctx)
	}()
	w.finish = func() {
		cancel()
		<-done
	}
}

// breath is what a browser needs to show the new page: the compiler would take the processor from it.
const breath = 1500 * time.Millisecond

// rebuild builds the bundle and tells the browsers: to reload, or what is wrong. The page's server, which prerenders, is
// built after that: its compilation would only take time from the one that the developer is waiting for.
func (w *workshop) rebuild(ctx context.Context) {
	began := time.Now()
	err := output(ctx, filepath.Join(cache, "bin", "bundle"), "-plain", "-out", cache, "-wasm", filepath.Join(cache, "app.wasm"))
	built := time.Since(began)
	if err == nil && w.server != nil {
		err = w.server.again()
	}
	switch {
	case ctx.Err() != nil: // something else was saved
	case err != nil:
		w.complain(err)
	case w.server == nil:
		if w.replace(ctx); w.server != nil {
			w.hub.say(message{Build: time.Now().UnixNano()})
		}
	default:
		fmt.Printf("rebuilt in %.2f s, rendered in %.2f s\n", built.Seconds(), (time.Since(began) - built).Seconds())
		w.hub.say(message{Build: time.Now().UnixNano()})
		select {
		case <-time.After(breath):
			w.replace(ctx)
		case <-ctx.Done():
		}
	}
}

func (w *workshop) complain(err error) {
	fmt.Fprintln(os.Stderr, err)
	w.hub.say(message{Error: err.Error()})
}

// replace builds and starts the new server before it stops the old one: there is always a page.
func (w *workshop) replace(ctx context.Context) {
	err := output(ctx, "go", "build", "-ldflags", "-s -w", "-o", filepath.Join(cache, "bin", "pageserver"), "./scripts/dev/pageserver")
	var server *pageServer
	if err == nil {
		server, err = startPage(context.WithoutCancel(ctx))
	}
	switch {
	case ctx.Err() != nil && server != nil:
		server.stop() // it is out of date already
	case ctx.Err() != nil:
	case err != nil:
		w.complain(err)
	default:
		w.page.Store(&server.address)
		if w.server != nil {
			w.server.stop()
		}
		w.server = server
	}
}

// output runs a command; what it said is the error. When ctx ends, what the command started ends with it: a compiler that nobody
// waits for any more would keep the next build waiting.
func output(ctx context.Context, name string, arguments ...string) error {
	command := exec.CommandContext(ctx, name, arguments...)
	command.Env = append(os.Environ(), "GOTMPDIR="+work)
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	said, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s%w", said, err)
	}
	return nil
}

// pageServer is one build's server. It ends when its standard input does, so that none is left behind.
type pageServer struct {
	address string
	command *exec.Cmd
	input   io.WriteCloser
	output  *bufio.Reader
	said    *bytes.Buffer
}

func startPage(ctx context.Context) (*pageServer, error) {
	s := &pageServer{command: exec.CommandContext(ctx, filepath.Join(cache, "bin", "pageserver"), cache), said: new(bytes.Buffer)}
	s.command.Stderr = s.said
	input, err := s.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.input, s.output = input, bufio.NewReader(out)
	if err := s.command.Start(); err != nil {
		return nil, err
	}
	s.address, err = s.line()
	return s, err
}

// again has the server read the bundle once more.
func (s *pageServer) again() error {
	if _, err := fmt.Fprintln(s.input); err != nil {
		return err
	}
	_, err := s.line()
	return err
}

// line is the server's answer: that it is ready, and where.
func (s *pageServer) line() (string, error) {
	line, err := s.output.ReadString('\n')
	if err != nil {
		_ = s.command.Wait()
		return "", fmt.Errorf("the page cannot be rendered: %s", s.said.String())
	}
	return strings.TrimSpace(line), nil
}

func (s *pageServer) stop() {
	_ = s.input.Close()
	_ = s.command.Wait()
}
