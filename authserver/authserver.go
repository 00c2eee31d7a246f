// Package authserver is the authorization server's HTTP face: OAuth 2.0 and OpenID Connect for any number of workspaces,
// each an issuer of its own. It owns the protocol: one file per endpoint. It does not own what it stands on: records
// (package store), accounts (account), keys and tokens (keys, token), what is registered (client, workspace), pages (ui).
//
// Start with routes.go, which lists every endpoint in the order of the flow, then authorize.go.
package authserver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/dpop"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/store"
	"cloakroom/authserver/store/observed"
	"cloakroom/authserver/token"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/workspace"
)

// Server is an authorization server. It is safe for concurrent use.
type Server struct {
	issuers  map[string]*issuer // by workspace key, tenant/workspace
	store    store.Store
	accounts accounts
	pages    *ui.Pages
	sections []accountSection
	throttle *throttle
	audit    *audit.Log
	log      *slog.Logger
	now      func() time.Time

	baseURL    string
	clientKeys *client.RemoteKeys // of clients with a jwks_uri
	mutualTLS  certificateSource

	outbound    *http.Client // the one way out
	backchannel *backchannel
	metrics     *metrics

	https bool // the base URL says so

	handler http.Handler
	stop    context.CancelFunc
	running sync.WaitGroup
}

// issuer is one workspace as it is served.
type issuer struct {
	*workspace.Workspace
	keys   *keys.Set
	tokens *token.Issuer
	nonces *dpop.Nonces
}

// New makes a server from a configuration whose secrets have been read. It generates the signing keys and creates the
// accounts that do not exist yet; both are kept in st, which stays the caller's to close.
func New(ctx context.Context, cfg Config, st store.Store, log *slog.Logger) (*Server, error) {
	return newServer(ctx, cfg, st, log, time.Now)
}

func newServer(ctx context.Context, cfg Config, st store.Store, log *slog.Logger, now func() time.Time) (*Server, error) {
	if err := errors.Join(cfg.Validate(), cfg.checkSecrets()); err != nil {
		return nil, fmt.Errorf("authserver: configuration: %w", err)
	}
	pages, err := ui.New()
	if err != nil {
		return nil, fmt.Errorf("authserver: load pages: %w", err)
	}
	counted := newMetrics()
	st = observed.New(st, counted.verb)
	s := &Server{
		issuers:  map[string]*issuer{},
		store:    st,
		accounts: newAccounts(st, now),
		pages:    pages,
		throttle: newThrottle(now),
		audit:    audit.New(log, counted.event),
		log:      log,
		now:      now,
		metrics:  counted,
		baseURL:  cfg.BaseURL,
		https:    strings.HasPrefix(cfg.BaseURL, "https:"),
	}
	s.metrics.registry.MustRegister(keyAges{s})
	if s.outbound, err = newOutboundClient(cfg.Outbound); err != nil {
		return nil, fmt.Errorf("authserver: %w", err)
	}
	s.backchannel = newBackchannel(s.outbound, log, s.audit, now, s.metrics.logout)
	s.clientKeys = client.NewRemoteKeys(s.outbound, now)
	if s.mutualTLS, err = newCertificateSource(cfg.MutualTLS); err != nil {
		return nil, fmt.Errorf("authserver: %w", err)
	}
	if err := s.open(ctx, &cfg); err != nil {
		return nil, fmt.Errorf("authserver: %w", err)
	}
	s.sections = s.accountSections()
	s.handler = s.routes()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop = stop
	s.running.Go(func() { s.sweep(background) })
	return s, nil
}

// open opens every workspace's keys and makes sure of its accounts.
func (s *Server) open(ctx context.Context, cfg *Config) error {
	sealer, err := cfg.Sealer()
	if err != nil {
		return err
	}
	var problems []error
	cfg.workspaces(func(ws *workspace.Workspace) {
		set, err := keys.Open(ctx, s.store, sealer, ws.Key(), ws.Policy.Algorithms(), s.now)
		if err == nil {
			err = s.accounts.Ensure(ctx, ws.Key(), configuredUsers(ws.Users))
		}
		if err != nil {
			problems = append(problems, fmt.Errorf("open workspace %s: %w", ws.Key(), err))
			return
		}
		tokens := token.NewIssuer(ws.Issuer(), set, ws.Policy.AccessTokenAlgorithm, ws.Policy.IDTokenAlgorithm, s.now)
		nonces := dpop.NewNonces([]byte(cfg.KeyEncryptionKey.Reveal()), ws.Issuer())
		s.issuers[ws.Key()] = &issuer{Workspace: ws, keys: set, tokens: tokens, nonces: nonces}
	})
	return errors.Join(problems...)
}

// Handler serves the public listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Close stops what runs in the background. The store stays open.
func (s *Server) Close() error {
	s.stop()
	s.backchannel.close()
	s.running.Wait()
	return nil
}
