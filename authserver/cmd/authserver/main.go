// Command authserver runs the authorization server: authserver serve --config authserver.yaml. It owns the wiring (the file, the
// environment, the store, the listeners and the signals) and nothing else. authserver check lists what is wrong with a
// configuration; authserver keys list and keys rotate show and renew a workspace's signing keys; authserver admin changes a server
// that runs, through its admin API.
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
		os.Exit(exitCode(err)) //nolint:gocritic // stop has run
	}
}

var errUsage = errors.New("usage: authserver serve|check --config FILE, authserver keys list|rotate --config FILE --workspace TENANT/NAME, or authserver admin (authserver admin help)")

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	command := args[0]
	if command == "admin" {
		return admin(ctx, args[1:], getenv, os.Stdin, stdout)
	}
	if command == "keys" && len(args) > 1 {
		command += " " + args[1]
		args = args[1:]
	}
	flags := flag.NewFlagSet("authserver "+command, flag.ContinueOnError)
	flags.SetOutput(stderr)
	var workspace string
	if command != args[0] {
		flags.StringVar(&workspace, "workspace", "", "the workspace, as tenant/name")
	}
	path := flags.String("config", "authserver.yaml", "the configuration file; cmd/authserver/example.yaml documents it")
	if err := flags.Parse(args[1:]); err != nil {
		return errUsage
	}
	if flags.NArg() > 0 {
		return errUsage
	}
	switch command {
	case "serve", "check", "keys list", "keys rotate":
	default:
		return errUsage
	}
	cfg, err := load(*path, getenv)
	if command == "check" {
		_, unusable := cfg.TLSConfig(beside(*path), slog.New(slog.DiscardHandler))
		_, admin := cfg.AdminTLSConfig(beside(*path), slog.New(slog.DiscardHandler))
		err = errors.Join(err, unusable, admin)
	}
	if err != nil {
		return err
	}
	switch command {
	case "serve":
		return serve(ctx, cfg, beside(*path), slog.New(slog.NewJSONHandler(stderr, nil)))
	case "check":
		_, err := fmt.Fprintf(stdout, "%s: ok\n", *path)
		return err
	default:
		return keysCommand(ctx, cfg, args[0], workspace, stdout)
	}
}

// load reads the configuration and its secrets. Relative paths in it start at its own folder. The error joins every problem.
func load(path string, getenv func(string) string) (authserver.Config, error) {
	data, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return authserver.Config{}, fmt.Errorf("read configuration: %w", err)
	}
	cfg, err := authserver.ParseConfig(path, data, getenv)
	return cfg, errors.Join(err, cfg.ReadSecrets(beside(path)))
}

// beside reads files whose relative paths start at the configuration's folder.
func beside(config string) func(path string) ([]byte, error) {
	return func(path string) ([]byte, error) {
		if !filepath.IsAbs(path) {
			path = filepath.Join(filepath.Dir(config), path)
		}
		return os.ReadFile(path) //nolint:gosec // the operator names it
	}
}
