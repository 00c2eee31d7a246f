// Command authserver runs the authorization server: authserver serve --config authserver.yaml. It owns the wiring (the file, the
// environment, the store, the listeners and the signals) and nothing else. authserver check lists what is wrong with a
// configuration.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"cloakroom/authserver"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "authserver: %v\n", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

var errUsage = errors.New("usage: authserver serve|check --config FILE")

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet("authserver "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "authserver.yaml", "the configuration file; cmd/authserver/example.yaml documents it")
	if err := flags.Parse(args[1:]); err != nil {
		return errUsage
	}
	if flags.NArg() > 0 {
		return errUsage
	}
	switch args[0] {
	case "serve":
		cfg, err := load(*path, getenv)
		if err != nil {
			return err
		}
		return serve(ctx, cfg, slog.New(slog.NewJSONHandler(stderr, nil)))
	case "check":
		if _, err := load(*path, getenv); err != nil {
			return err
		}
		_, err := fmt.Fprintf(stdout, "%s: ok\n", *path)
		return err
	default:
		return errUsage
	}
}

// load reads the configuration and its secrets. Relative paths in it start at its own folder. The error joins every problem.
func load(path string, getenv func(string) string) (authserver.Config, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return authserver.Config{}, fmt.Errorf("read configuration: %w", err)
	}
	cfg, err := authserver.ParseConfig(path, data, getenv)
	return cfg, errors.Join(err, cfg.ReadSecrets(func(secret string) ([]byte, error) {
		if !filepath.IsAbs(secret) {
			secret = filepath.Join(filepath.Dir(path), secret)
		}
		return os.ReadFile(secret) //nolint:gosec // the operator names it
	}))
}
