// Command demo runs the whole product in one process: the authorization server, the demo API, and the BFF with the page. It
// is only a composition: each server is made from a configuration of its own, as the program of its own would make it, and
// they meet over HTTP. It needs no configuration; the environment may move its ports and its data (see [settings]),
// and TLS=1 runs it on https with an authority of its own (see [makeCertificates]).
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	if err := run(ctx, log); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run starts the product, says that it is ready, and stops it when the context ends.
func run(ctx context.Context, log *slog.Logger) error {
	doors, err := open(ctx, os.Getenv)
	if err != nil {
		return err
	}
	defer doors.close()
	demo, err := compose(ctx, newSettings(doors, os.Getenv), log)
	if err != nil {
		return err
	}
	defer demo.close()
	failed := doors.serve(demo.servers(log))
	fmt.Println("ready", doors.origin("PORT"))
	select {
	case err = <-failed:
	case <-ctx.Done():
		fmt.Fprintln(os.Stderr, "stopping")
	}
	demo.close() // streams end first, so that shutting down need not wait for them
	doors.shutdown(context.WithoutCancel(ctx))
	return err
}
