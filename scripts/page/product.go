package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/chromedp/chromedp"
)

// start runs the product, or the program that develops it, in a folder, and returns where it is when it says that it is ready.
func start(ctx context.Context, folder, program string, arguments ...string) (origin string, stop func(), err error) {
	data, err := os.MkdirTemp("", "page")
	if err != nil {
		return "", nil, err
	}
	command := exec.CommandContext(ctx, program, arguments...)
	command.Dir = folder
	command.Env = append(os.Environ(), "DATA="+data)
	for _, name := range []string{"PORT", "AS_PORT", "API_PORT", "ADMIN_PORT", "AS_ADMIN_PORT", "API_ADMIN_PORT"} {
		port, err := freePort(ctx)
		if err != nil {
			return "", nil, err
		}
		command.Env = append(command.Env, fmt.Sprintf("%s=%d", name, port))
	}
	command.Stderr = os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	output, err := command.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := command.Start(); err != nil {
		return "", nil, err
	}
	stop = func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
		_ = os.RemoveAll(data)
	}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		if origin, ready := strings.CutPrefix(lines.Text(), "ready "); ready {
			go func() {
				for lines.Scan() { // what it says later is not for here, but has to be read
				}
			}()
			return origin, stop, nil
		}
	}
	stop()
	return "", nil, fmt.Errorf("%s ended before it was ready", program)
}

func freePort(ctx context.Context) (int, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// The sentence that is changed again and again, and where it stands.
const (
	changedFile = "app/text/english/home.go"
	changedText = "Cloakroom signs you in"
)

// measureSaves changes a sentence in a copy of the tree, and waits for it on the screen.
func measureSaves(ctx context.Context, b *browser, rounds int) ([]time.Duration, error) {
	folder, err := os.MkdirTemp("", "page")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	if err := copyTree(ctx, folder); err != nil {
		return nil, err
	}
	program := filepath.Join(folder, "dev")
	if output, err := exec.CommandContext(ctx, "go", "build", "-o", program, "./scripts/dev").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%s%w", output, err)
	}
	origin, stop, err := start(ctx, folder, program)
	if err != nil {
		return nil, err
	}
	defer stop()
	source := filepath.Join(folder, changedFile)
	original, err := os.ReadFile(source)
	if err != nil {
		return nil, err
	}
	if err := chromedp.Do(b.ctx, chromedp.Navigate(origin+"/")); err != nil {
		return nil, err
	}
	var saves []time.Duration
	for round := range rounds + 1 {
		text := fmt.Sprintf("Save %d signs you in", time.Now().UnixNano()) // no earlier one is in the compiler's cache
		began := time.Now()
		if err := os.WriteFile(source, bytes.ReplaceAll(original, []byte(changedText), []byte(text)), 0o600); err != nil {
			return nil, err
		}
		shown := fmt.Sprintf(`document.documentElement.dataset.app === "running" && document.body.textContent.includes(%q)`, text)
		if _, err := waitFor(b.ctx, shown, func(is bool) bool { return is }); err != nil {
			return nil, err
		}
		if round > 0 { // the first one warms the compiler's cache
			saves = append(saves, time.Since(began))
		}
		time.Sleep(6 * time.Second) // what goes on after a rebuild ends
	}
	return saves, nil
}

// copyTree copies the files that git knows, so that what is changed is nobody's work.
func copyTree(ctx context.Context, to string) error {
	list, err := exec.CommandContext(ctx, "git", "ls-files", "-z").Output()
	if err != nil {
		return fmt.Errorf("list the tree: %w", err)
	}
	for name := range strings.SplitSeq(strings.TrimRight(string(list), "\x00"), "\x00") {
		content, err := os.ReadFile(name)
		if os.IsNotExist(err) {
			continue // deleted, not yet committed
		}
		if err != nil {
			return err
		}
		target := filepath.Join(to, name)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
