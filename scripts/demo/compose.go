package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"time"

	"cloakroom/app"
	"cloakroom/authserver"
	"cloakroom/authserver/demoapi"
	"cloakroom/authserver/store/sqlstore"
	"cloakroom/bff"
	"cloakroom/web"
)

// product is the three servers and what has to be closed after them, in the order in which it was opened.
type product struct {
	authorization *authserver.Server
	api           *demoapi.API
	front         *bff.BFF
	secure        *tls.Config // of the public listeners; nil for http
	closers       []io.Closer
}

// compose makes the three servers. None of them calls another before it is asked something, so their order does not matter.
func compose(ctx context.Context, s settings, log *slog.Logger) (*product, error) {
	if err := makeSecrets(filepath.Join(s.Data, "secrets")); err != nil {
		return nil, fmt.Errorf("secrets: %w", err)
	}
	if s.TLS {
		if err := makeCertificates(filepath.Join(s.Data, "tls")); err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
	}
	p := new(product)
	for _, make := range []func(context.Context, settings, *slog.Logger) error{p.makeAuthorizationServer, p.makeAPI, p.makeBFF} {
		if err := make(ctx, s, log); err != nil {
			p.close()
			return nil, err
		}
	}
	return p, nil
}

func (p *product) makeAuthorizationServer(ctx context.Context, s settings, log *slog.Logger) error {
	data, err := s.fill("authserver.yaml")
	if err != nil {
		return err
	}
	config, err := authserver.ParseConfig("authserver.yaml", data, noEnvironment)
	if err := errors.Join(err, config.ReadSecrets(readFile)); err != nil {
		return err
	}
	if p.secure, err = config.TLSConfig(os.ReadFile, log); err != nil {
		return err
	}
	store, err := sqlstore.Open(ctx, config.Store, time.Now)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, store)
	p.authorization, err = authserver.New(ctx, config, store, log.With("server", "authserver"))
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.authorization)
	return nil
}

func (p *product) makeAPI(_ context.Context, s settings, log *slog.Logger) error {
	data, err := s.fill("demoapi.yaml")
	if err != nil {
		return err
	}
	config, err := demoapi.ParseConfig("demoapi.yaml", data, noEnvironment)
	if err != nil {
		return err
	}
	p.api, err = demoapi.New(config, log.With("server", "demoapi"))
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.api)
	return nil
}

func (p *product) makeBFF(ctx context.Context, s settings, log *slog.Logger) error {
	data, err := s.fill("bff.yaml")
	if err != nil {
		return err
	}
	config, err := bff.ParseConfig("bff.yaml", data, noEnvironment, os.ReadFile)
	if err != nil {
		return err
	}
	page, err := app.Page(web.Files, config.Offered()...)
	if err != nil {
		return err
	}
	store, err := config.OpenStore(ctx)
	if err != nil {
		return err
	}
	p.closers = append(p.closers, store)
	p.front, err = bff.New(ctx, config, store, page, log.With("server", "bff"))
	if err != nil {
		return err
	}
	p.closers = append(p.closers, p.front)
	return nil
}

// servers are the HTTP servers, by the variable that moves their port.
func (p *product) servers(log *slog.Logger) map[string]*http.Server {
	servers := map[string]*http.Server{
		"PORT":           bff.NewServer(p.front.Handler(), log),
		"ADMIN_PORT":     bff.NewServer(p.front.Admin(), log),
		"AS_PORT":        authserver.HTTPServer(p.authorization.Handler(), log),
		"AS_ADMIN_PORT":  authserver.HTTPServer(p.authorization.Admin(), log),
		"API_PORT":       demoapi.HTTPServer(p.api.Handler(), log),
		"API_ADMIN_PORT": demoapi.HTTPServer(p.api.Admin(), log),
	}
	servers["PORT"].RegisterOnShutdown(p.front.EndStreams)
	for _, public := range []string{"PORT", "AS_PORT", "API_PORT"} {
		servers[public].TLSConfig = p.secure.Clone() // nil stays nil
	}
	return servers
}

// close closes what was opened, the last first. It may be called twice.
func (p *product) close() {
	for _, closer := range slices.Backward(p.closers) {
		if err := closer.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "demo: close:", err)
		}
	}
	p.closers = nil
}
