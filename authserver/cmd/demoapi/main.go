// Command demoapi runs the demo API: demoapi serve [--config demoapi.yaml]. It owns the wiring (the file, the environment, the
// listeners and the signals) and nothing else. demoapi check lists what is wrong with a configuration. Without a file it runs
// on its defaults, beside the demo's authorization server.
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

	"cloakroom/authserver/demoapi"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintf(os.Stderr, "demoapi: %v\n", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop has run
	}
}

var errUsage = errors.New("usage: demoapi serve|check [--config FILE]")

func run(ctx context.Context, args []string, getenv func(string) string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	flags := flag.NewFlagSet("demoapi "+args[0], flag.ContinueOnError)
	flags.SetOutput(stderr)
	path := flags.String("config", "", "the configuration file; cmd/demoapi/example.yaml documents it")
	if flags.Parse(args[1:]) != nil || flags.NArg() > 0 {
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
		_, err := fmt.Fprintln(stdout, "ok")
		return err
	default:
		return errUsage
	}
}

// load reads the configuration. A relative path of the database in it starts at its own folder.
func load(path string, getenv func(string) string) (demoapi.Config, error) {
	if path == "" {
		return demoapi.ParseConfig("environment", nil, getenv)
	}
	data, err := os.ReadFile(path) //nolint:gosec // the operator names it
	if err != nil {
		return demoapi.Config{}, fmt.Errorf("read configuration: %w", err)
	}
	cfg, err := demoapi.ParseConfig(path, data, getenv)
	if getenv(demoapi.EnvDatabase) == "" && !filepath.IsAbs(cfg.Database) {
		cfg.Database = filepath.Join(filepath.Dir(path), cfg.Database)
	}
	return cfg, err
}
