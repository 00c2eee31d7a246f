// Command bff serves the page, /bff/* and /api/* on one origin.
//
//	bff serve   --config bff.yaml [--web DIR]   until SIGINT or SIGTERM
//	bff dev     --config bff.yaml --frontend http://localhost:5173   the same, with a development server's page (Vite works)
//	bff check   --config bff.yaml               prints every problem of the configuration
//	bff explain METHOD PATH --config bff.yaml   says what would happen to a request
//	bff conformance --config bff.yaml           prints each requirement of RFC 10017 and how this configuration meets it
//
// A running bff reads its routes and providers again on SIGHUP; if they are not valid, it keeps the old ones.
//
// It owns what touches the machine: files, the environment, listeners and signals. Everything else is package bff's.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"cloakroom/bff"
)

//go:embed example.yaml
var example []byte

const usage = `usage:
  bff serve   --config bff.yaml [--web DIR]
  bff dev     --config bff.yaml [--frontend http://localhost:5173]
  bff check   --config bff.yaml
  bff explain METHOD PATH --config bff.yaml
  bff conformance --config bff.yaml
  bff example > bff.yaml
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "bff:", err)
		stop()
		os.Exit(1)
	}
}

// run is main without the process.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		return fmt.Errorf("no command\n%s", usage)
	}
	switch command, rest := args[0], args[1:]; command {
	case "serve":
		return serve(ctx, rest, stderr)
	case "dev":
		return dev(ctx, rest, stderr)
	case "check":
		return check(rest, stdout)
	case "explain":
		return explain(rest, stdout)
	case "conformance":
		return conformance(rest, stdout)
	case "example":
		_, err := stdout.Write(example)
		return err
	default:
		return fmt.Errorf("unknown command %q\n%s", command, usage)
	}
}

func check(args []string, stdout io.Writer) error {
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	cfg, err := load(flags, args)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(stdout, "ok: %s, %d provider(s), %d route(s)\n", cfg.Origin, len(cfg.Providers), len(cfg.Routes))
	return err
}

func conformance(args []string, stdout io.Writer) error {
	cfg, err := load(flag.NewFlagSet("conformance", flag.ContinueOnError), args)
	if err != nil {
		return err
	}
	return cfg.WriteConformance(stdout)
}

func explain(args []string, stdout io.Writer) error {
	if len(args) < 2 {
		return fmt.Errorf("explain needs METHOD and PATH\n%s", usage)
	}
	cfg, err := load(flag.NewFlagSet("explain", flag.ContinueOnError), args[2:])
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(stdout, cfg.Explain(args[0], args[1]))
	return err
}

// load parses the flags and the configuration that they name.
func load(flags *flag.FlagSet, args []string) (bff.Config, error) {
	name := flags.String("config", "bff.yaml", "the configuration file")
	if err := flags.Parse(args); err != nil {
		return bff.Config{}, err
	}
	if flags.NArg() > 0 {
		return bff.Config{}, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	data, err := os.ReadFile(*name)
	if err != nil {
		return bff.Config{}, fmt.Errorf("read the configuration (--config): %w", err)
	}
	return bff.ParseConfig(*name, data, os.Getenv, os.ReadFile)
}

func newLogger(stderr io.Writer) *slog.Logger { return slog.New(slog.NewTextHandler(stderr, nil)) }
