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

	"cloakroom/authserver/account"
	"cloakroom/authserver/adminapi"
	"cloakroom/authserver/audit"
	"cloakroom/authserver/client"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
	"cloakroom/authserver/store/observed"
	"cloakroom/authserver/trace"
	"cloakroom/authserver/ui"
)

// Server is an authorization server. It is safe for concurrent use.
type Server struct {
	registry *registry.Registry
	issuers  issuers
	store    store.Store
	accounts accounts
	pages    *ui.Pages
	sections []accountSection
	throttle *throttle
	limits   *limits
	factors  *secondFactors
	audit    *audit.Log
	log      *slog.Logger
	now      func() time.Time

	baseURL    string
	clientKeys *client.RemoteKeys // of clients with a jwks_uri
	mutualTLS  certificateSource
	proxies    proxies
	known      []byte // the key of the marks of known browsers

	outbound    *http.Client // the one way out
	backchannel *backchannel
	metrics     *metrics
	trace       *trace.Feed // nil: off

	https bool // the base URL says so

	handler    http.Handler
	adminAPI   *adminapi.API
	background context.Context //nolint:containedctx // of what runs until Close
	stop       context.CancelFunc
	running    sync.WaitGroup
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
	hasher := account.NewHasher() // one in a process: its slots are what bounds it
	s := &Server{
		store:    st,
		accounts: newAccounts(st, hasher, now),
		pages:    pages,
		throttle: newThrottle(now, passwordLeak),
		limits:   newLimits(now),
		audit:    audit.New(log, counted.event),
		log:      log,
		now:      now,
		metrics:  counted,
		baseURL:  cfg.BaseURL,
		https:    strings.HasPrefix(cfg.BaseURL, "https:"),
	}
	s.known = knownKey(&cfg)
	s.metrics.registry.MustRegister(keyAges{s}, passwordsHashed(s.accounts))
	s.trace = newTrace(&cfg, s)
	if s.factors, err = newSecondFactors(&cfg, now); err != nil {
		return nil, fmt.Errorf("authserver: %w", err)
	}
	if s.outbound, err = newOutboundClient(cfg.Outbound); err != nil {
		return nil, fmt.Errorf("authserver: %w", err)
	}
	s.backchannel = newBackchannel(s.outbound, log, s.audit, now, s.metrics.logout)
	s.backchannel.trace = s.trace
	s.clientKeys = client.NewRemoteKeys(s.outbound, now)
	if s.proxies, err = parseProxies(cfg.TrustedProxies); err != nil {
		return nil, fmt.Errorf("authserver: %w", err)
	}
	if s.mutualTLS, err = newCertificateSource(cfg.MutualTLS); err != nil {
		return nil, fmt.Errorf("authserver: %w", err)
	}
	if err := s.openRegistry(ctx, &cfg); err != nil {
		return nil, fmt.Errorf("authserver: %w", err)
	}
	s.sections = s.accountSections()
	s.adminAPI = s.newAdminAPI(&cfg, hasher)
	s.handler = s.routes()
	s.background, s.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.running.Go(func() { s.sweep(s.background) })
	s.running.Go(func() { s.follow(s.background) })
	return s, nil
}

// Handler serves the public listener.
func (s *Server) Handler() http.Handler { return s.handler }

// Close stops what runs in the background. The store stays open.
func (s *Server) Close() error {
	s.stop()
	s.trace.Close()
	s.backchannel.close()
	s.running.Wait()
	return nil
}
