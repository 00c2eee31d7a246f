//go:build e2e

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startup bounds the wait for the product on a loaded machine; it is no measure of the product.
const startup = time.Minute

// product is the demo as a process of its own, on free ports, with its own data.
type product struct {
	program, folder string

	origin string // of the app and the BFF
	issuer string
	api    string
	data   string
	env    []string
	cmd    *exec.Cmd
	log    lockedBuffer
	exited chan error
}

// start runs the product and returns when it says that it is ready. It is stopped when the test ends.
func start(t *testing.T) *product {
	t.Helper()
	return startIn(t, t.TempDir(), binary(t))
}

// startIn runs the program in a folder.
func startIn(t *testing.T, folder, program string) *product {
	t.Helper()
	ports := freePorts(t, 6)
	p := &product{
		program: program, folder: folder,
		origin: fmt.Sprintf("http://localhost:%d", ports[0]),
		issuer: fmt.Sprintf("http://localhost:%d/demo/baseline", ports[1]),
		api:    fmt.Sprintf("http://localhost:%d", ports[2]),
		data:   t.TempDir(),
	}
	names := []string{"PORT", "AS_PORT", "API_PORT", "ADMIN_PORT", "AS_ADMIN_PORT", "API_ADMIN_PORT"}
	for index, name := range names {
		p.env = append(p.env, fmt.Sprintf("%s=%d", name, ports[index]))
	}
	p.env = append(p.env, "DATA="+p.data)
	if line := p.run(t); line != "ready "+p.origin {
		t.Fatalf("start-up ended with %q\n%s", line, p.log.String())
	}
	t.Cleanup(func() {
		p.stop(t)
		if t.Failed() {
			t.Logf("the product's log:\n%s", p.log.String())
		}
	})
	return p
}

// run starts the process and returns its line "ready …", or the last line before it ended.
func (p *product) run(t *testing.T) string {
	t.Helper()
	p.cmd = exec.Command(p.program)
	p.cmd.Env = append(os.Environ(), p.env...)
	p.cmd.Dir = p.folder
	p.cmd.Stderr = &p.log
	output, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p.exited = make(chan error, 1)
	ready := make(chan string, 1)
	go func() {
		last := ""
		lines := bufio.NewScanner(io.TeeReader(output, &p.log))
		for lines.Scan() {
			last = lines.Text()
			if strings.HasPrefix(last, "ready ") {
				ready <- last
			}
		}
		p.exited <- p.cmd.Wait()
		ready <- last
	}()
	select {
	case line := <-ready:
		return line
	case <-time.After(startup):
		_ = p.cmd.Process.Kill()
		t.Fatalf("not ready\n%s", p.log.String())
		return ""
	}
}

// stop asks the process to end and expects that it ends well.
func (p *product) stop(t *testing.T) {
	t.Helper()
	if p.cmd.ProcessState != nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case err := <-p.exited:
		if err != nil {
			t.Errorf("after SIGTERM: %v", err)
		}
	case <-time.After(startup):
		_ = p.cmd.Process.Kill()
		t.Error("SIGTERM was ignored")
	}
}

// binary is the product's program, built by make.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("PRODUCT")
	if path == "" {
		t.Fatal("PRODUCT is not set: run make e2e")
	}
	return path
}

// freePorts are below those that the system gives to connections: no browser that still runs takes one before the product does.
func freePorts(t *testing.T, count int) []int {
	t.Helper()
	var ports []int
	for range 1000 {
		above, _ := rand.Int(rand.Reader, big.NewInt(12_000)) // never fails (crypto/rand)
		listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+above.Int64()))
		if err != nil {
			continue
		}
		defer listener.Close()
		if ports = append(ports, listener.Addr().(*net.TCPAddr).Port); len(ports) == count {
			return ports
		}
	}
	t.Fatal("there are no free ports")
	return nil
}

// lockedBuffer is a log that a process writes while a test reads it.
type lockedBuffer struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (b *lockedBuffer) Write(data []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.Write(data)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buffer.String()
}
