package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// patience is how long requests that are under way may take when the product stops.
const patience = 5 * time.Second

// ports are what the demo listens on, on the loopback address only, and the environment variable that moves each.
var ports = []struct{ variable, port string }{
	{"PORT", "8080"}, // the page and the BFF
	{"ADMIN_PORT", "8081"},
	{"AS_PORT", "9000"}, // the authorization server
	{"AS_ADMIN_PORT", "9091"},
	{"API_PORT", "9001"}, // the demo API
	{"API_ADMIN_PORT", "9092"},
}

// doors are the listeners, by the variable that moves them, and the servers behind them.
type doors struct {
	secure    bool // the public ones end TLS
	listeners map[string]net.Listener
	servers   []*http.Server
}

// open takes every port or none: a product that is half there is worse than an error.
func open(ctx context.Context, getenv func(string) string) (*doors, error) {
	d := &doors{secure: getenv("TLS") == "1", listeners: map[string]net.Listener{}}
	var problems []error
	for _, p := range ports {
		port := p.port
		if value := getenv(p.variable); value != "" {
			port = value
		}
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", net.JoinHostPort("127.0.0.1", port))
		switch {
		case errors.Is(err, syscall.EADDRINUSE):
			problems = append(problems, fmt.Errorf("port %s is taken: end what listens there, or choose another with %s=…", port, p.variable))
		case err != nil:
			problems = append(problems, fmt.Errorf("port %s (%s=…): %w", port, p.variable, err))
		default:
			d.listeners[p.variable] = listener
		}
	}
	if err := errors.Join(problems...); err != nil {
		d.close()
		return nil, err
	}
	return d, nil
}

// origin is where a browser finds what listens there.
func (d *doors) origin(variable string) string {
	_, port, _ := net.SplitHostPort(d.listeners[variable].Addr().String())
	if d.secure {
		return "https://localhost:" + port
	}
	return "http://localhost:" + port
}

// admin is where the other servers find what listens there: admin listeners end no TLS.
func (d *doors) admin(variable string) string {
	return "http://" + d.listeners[variable].Addr().String()
}

// serve answers on every listener with the server of its variable. The channel tells when one of them fails.
func (d *doors) serve(servers map[string]*http.Server) <-chan error {
	failed := make(chan error, len(d.listeners))
	for variable, listener := range d.listeners {
		server := servers[variable]
		d.servers = append(d.servers, server)
		go func() {
			serve := server.Serve
			if server.TLSConfig != nil {
				serve = func(listener net.Listener) error { return server.ServeTLS(listener, "", "") }
			}
			if err := serve(listener); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("%s: %w", variable, err)
			}
		}()
	}
	return failed
}

// shutdown lets the requests that are under way finish.
func (d *doors) shutdown(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var waiting sync.WaitGroup
	for _, server := range d.servers {
		waiting.Go(func() {
			if server.Shutdown(ctx) != nil {
				_ = server.Close()
			}
		})
	}
	waiting.Wait()
}

func (d *doors) close() {
	for _, listener := range d.listeners {
		_ = listener.Close()
	}
}
