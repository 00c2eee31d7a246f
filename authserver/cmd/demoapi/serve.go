package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"cloakroom/authserver/demoapi"
)

// shutdownTimeout is how long requests that have begun may take to end.
const shutdownTimeout = 10 * time.Second

// serve runs both listeners until the context ends or one of them fails.
func serve(ctx context.Context, cfg demoapi.Config, log *slog.Logger) (err error) {
	api, err := demoapi.New(cfg, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, api.Close()) }()
	public, err := listen(ctx, cfg.Listen, "listen", demoapi.EnvListen)
	if err != nil {
		return err
	}
	admin, err := listen(ctx, cfg.AdminListen, "admin_listen", demoapi.EnvAdminListen)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	log.InfoContext(ctx, "ready", "issuers", cfg.Issuers, "listen", public.Addr().String(), "admin_listen", admin.Addr().String())
	return runServers(ctx, map[net.Listener]*http.Server{
		public: demoapi.HTTPServer(api.Handler(), log),
		admin:  demoapi.HTTPServer(api.Admin(), log),
	})
}

// listen says which port is taken, and how to choose another.
func listen(ctx context.Context, address, key, override string) (net.Listener, error) {
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken by another program; set %s in the file or %s to another address", address, key, override)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on %s (%s): %w", address, override, err)
	}
	return listener, nil
}

// runServers serves until ctx ends or a server fails, and then lets all of them finish what they have begun.
func runServers(ctx context.Context, servers map[net.Listener]*http.Server) error {
	failed := make(chan error, len(servers))
	for listener, server := range servers {
		go func() { failed <- server.Serve(listener) }()
	}
	var problems []error
	select {
	case <-ctx.Done():
	case err := <-failed:
		problems = append(problems, fmt.Errorf("serve: %w", err))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownTimeout)
	defer cancel()
	for _, server := range servers {
		if err := server.Shutdown(ctx); err != nil {
			problems = append(problems, fmt.Errorf("shut down: %w", err))
		}
	}
	return errors.Join(problems...)
}
