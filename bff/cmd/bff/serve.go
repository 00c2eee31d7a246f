package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"cloakroom/app"
	"cloakroom/bff"
	"cloakroom/web"
)

// shutdownTimeout is how long running requests may take to end; streams are cut then.
const shutdownTimeout = 10 * time.Second

// serve runs until ctx ends, then lets running requests end.
func serve(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	folder := flags.String("web", "", "a folder with built/, in place of the page that is in this program")
	cfg, err := load(flags, args)
	if err != nil {
		return err
	}
	files := fs.FS(web.Files)
	if *folder != "" {
		files = os.DirFS(*folder)
	}
	page, err := app.Page(files, cfg.Offered()...)
	if err != nil {
		return fmt.Errorf("the page: %w", err)
	}
	return serveBFF(ctx, cfg, page, args, newLogger(stderr))
}

// dev is serve with a page that a front end's development server serves.
func dev(ctx context.Context, args []string, stderr io.Writer) error {
	flags := flag.NewFlagSet("dev", flag.ContinueOnError)
	frontend := flags.String("frontend", "http://localhost:5173", "the front end's development server")
	cfg, err := load(flags, args)
	if err != nil {
		return err
	}
	page, err := bff.DevPage(cfg, *frontend)
	if err != nil {
		return err
	}
	return serveBFF(ctx, cfg, page, args, newLogger(stderr))
}

func serveBFF(ctx context.Context, cfg bff.Config, page http.Handler, args []string, log *slog.Logger) (err error) {
	defer runtime.KeepAlive(bff.Headroom())
	store, err := cfg.OpenStore(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	cfg, flush, err := traced(ctx, cfg, log)
	if err != nil {
		return err
	}
	defer flush()
	front, err := bff.New(ctx, cfg, store, page, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, front.Close()) }()
	if err := front.CheckProviders(ctx); err != nil {
		return err
	}
	defer onHangup(ctx, func() { reload(ctx, front, args, log) })()
	return listenAndServe(ctx, log, []face{
		{"listen", "BFF_LISTEN", cfg.Listen, front.Handler(), front.EndStreams},
		{"admin_listen", "BFF_ADMIN_LISTEN", cfg.AdminListen, front.Admin(), nil},
	}, func() { log.Info("ready", "origin", cfg.Origin, "listen", cfg.Listen, "admin_listen", cfg.AdminListen) })
}

// onHangup calls do for every SIGHUP until the returned function is called.
func onHangup(ctx context.Context, do func()) (stop func()) {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hangups:
				do()
			}
		}
	}()
	return func() {
		signal.Stop(hangups)
		cancel()
	}
}

// reload reads the configuration again. What is wrong with it is logged, and the old one stays.
func reload(ctx context.Context, front *bff.BFF, args []string, log *slog.Logger) {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	flags.String("web", "", "")
	flags.String("frontend", "", "")
	cfg, err := load(flags, args)
	if err == nil {
		err = front.Reload(ctx, cfg)
	}
	if err != nil {
		log.ErrorContext(ctx, "configuration not reloaded; the old one stays", "error", err)
		return
	}
	log.InfoContext(ctx, "configuration reloaded", "routes", len(cfg.Routes), "providers", len(cfg.Providers))
}

// face is a listener of the program, with what overrides its address and what is done first when the program ends.
type face struct {
	key, override, address string
	handler                http.Handler
	leave                  func()
}

// listenAndServe opens every listener before it serves on any, so that a port that is taken stops the start.
func listenAndServe(ctx context.Context, log *slog.Logger, faces []face, ready func()) error {
	listeners := make([]net.Listener, 0, len(faces))
	for _, f := range faces {
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", f.address)
		if err != nil {
			return errors.Join(fmt.Errorf("%s %s is not free: set %s in the configuration or %s in the environment: %w", f.key, f.address, f.key, f.override, err), closeAll(listeners))
		}
		listeners = append(listeners, listener)
	}
	servers := make([]*http.Server, 0, len(faces))
	failed := make(chan error, len(faces))
	for i, f := range faces {
		server := bff.NewServer(f.handler, log)
		if f.leave != nil {
			server.RegisterOnShutdown(f.leave)
		}
		servers = append(servers, server)
		go func() { failed <- server.Serve(listeners[i]) }()
	}
	ready()
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	return errors.Join(err, shutDown(ctx, log, servers))
}

func shutDown(ctx context.Context, log *slog.Logger, servers []*http.Server) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	var problems []error
	for _, server := range servers {
		err := server.Shutdown(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			log.Warn("requests cut off at shutdown")
			err = server.Close()
		}
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

func closeAll(listeners []net.Listener) error {
	var problems []error
	for _, listener := range listeners {
		problems = append(problems, listener.Close())
	}
	return errors.Join(problems...)
}
