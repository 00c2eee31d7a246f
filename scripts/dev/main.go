// Command dev runs the product for those who work on the page: after each save it rebuilds the page and the browser
// reloads; what the compiler says is shown in the browser. Run it with `make dev`, at the top of the module; the ports and
// the data are those of the demo, moved by the same variables.
//
// The servers are the demo's, compiled once, with one file put in place of app/page.go (page.go.txt): it asks this program
// for the page. So the product itself has no switch for developers, and the page keeps its own headers, content security
// policy included. The page's own server (folder pageserver) is compiled anew each time, so that what is prerendered is
// new as well.
//
// Start with [workshop].
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// cache is where everything is built to.
	cache = ".cache/dev"
	// work is where the compiler has its own files; those of builds that were ended stay until the next start.
	work = cache + "/work"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "dev:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	if err := errors.Join(os.RemoveAll(work), os.MkdirAll(work, 0o755), os.MkdirAll(filepath.Join(cache, "bin"), 0o755)); err != nil {
		return err
	}
	w := new(workshop)
	defer w.close()
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: w.handler(), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = server.Serve(listener) }()
	defer server.Close()

	changed, err := watch(ctx, root)
	if err != nil {
		return err
	}
	if err := buildOnce(ctx, root); err != nil {
		return err
	}
	w.rebuild(ctx) // what is wrong is shown in the browser
	ended := make(chan error, 1)
	demo, err := startDemo(ctx, "http://"+listener.Addr().String())
	if err != nil {
		return err
	}
	go func() { ended <- demo.Wait() }()
	for {
		select {
		case <-changed:
			w.saved(ctx)
		case err := <-ended:
			return errors.Join(errors.New("the product ended"), err)
		case <-ctx.Done():
			return <-ended
		}
	}
}

// buildOnce builds what does not change with the page: the bundler, and the product with its page taken from here.
func buildOnce(ctx context.Context, root string) error {
	overlay, err := writeOverlay(root)
	if err != nil {
		return err
	}
	fmt.Println("building the product once")
	return errors.Join(
		goBuild(ctx, "bundle", "./scripts/bundle"),
		goBuild(ctx, "demo", "-overlay", overlay, "./scripts/demo"),
	)
}

func goBuild(ctx context.Context, name string, arguments ...string) error {
	command := exec.CommandContext(ctx, "go", append([]string{"build", "-o", filepath.Join(cache, "bin", name)}, arguments...)...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	return command.Run()
}

// startDemo starts the product. It stops with this program.
func startDemo(ctx context.Context, page string) (*exec.Cmd, error) {
	command := exec.CommandContext(ctx, filepath.Join(cache, "bin", "demo"))
	command.Env = append(os.Environ(), "DEV_PAGE="+page)
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 10 * time.Second
	return command, command.Start()
}
