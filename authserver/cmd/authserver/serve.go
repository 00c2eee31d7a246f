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

	"cloakroom/authserver"
	"cloakroom/authserver/store/sqlstore"
)

// shutdownTimeout is how long requests that have begun may take to end.
const shutdownTimeout = 10 * time.Second

// serve runs both listeners until the context ends or one of them fails.
func serve(ctx context.Context, cfg authserver.Config, read func(path string) ([]byte, error), log *slog.Logger) (err error) {
	secure, err := cfg.TLSConfig(read, log)
	if err != nil {
		return err
	}
	secureAdmin, err := cfg.AdminTLSConfig(read, log)
	if err != nil {
		return err
	}
	st, err := sqlstore.Open(ctx, cfg.Store, time.Now)
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	server, err := authserver.New(ctx, cfg, st, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(server.Close(), err) }()

	public, err := listen(ctx, cfg.Listen, authserver.EnvListen)
	if err != nil {
		return err
	}
	admin, err := listen(ctx, cfg.AdminListen, authserver.EnvAdminListen)
	if err != nil {
		return errors.Join(err, public.Close())
	}
	log.InfoContext(ctx, "ready", "base_url", cfg.BaseURL, "listen", public.Addr().String(), "admin_listen", admin.Addr().String())
	front := authserver.HTTPServer(server.Handler(), log)
	front.TLSConfig = secure
	back := authserver.HTTPServer(server.Admin(), log)
	back.TLSConfig = secureAdmin
	return runServers(ctx, map[net.Listener]*http.Server{public: front, admin: back})
}

// listen says which port is taken, and how to choose another.
func listen(ctx context.Context, address, override string) (net.Listener, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%s is taken by another program; set %s to another address", address, override)
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
		go func() {
			if server.TLSConfig != nil {
				failed <- server.ServeTLS(listener, "", "")
				return
			}
			failed <- server.Serve(listener)
		}()
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
