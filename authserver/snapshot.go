package authserver

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/dpop"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/token"
	"cloakroom/authserver/ui"
	"cloakroom/authserver/upstream"
	"cloakroom/authserver/workspace"
)

// issuer is one workspace as it is served. A request keeps the one that it began with.
type issuer struct {
	*workspace.Workspace
	registered *registry.Workspace
	keys       *keys.Set
	tokens     *token.Issuer
	nonces     *dpop.Nonces
	look       ui.Look
	upstreams  map[string]*upstream.Provider // by source
}

// Find returns a client that is in force, of the configuration or of the store; nil if there is none with this id.
func (i *issuer) Find(clientID string) *client.Client { return i.registered.Find(clientID) }

// issuers are the workspaces that are served, by key. A change makes a new map: what a request pays is one load of a pointer.
type issuers struct {
	served atomic.Pointer[map[string]*issuer]
	sealer *keys.Sealer
	nonces []byte
	open   map[string]*keys.Set // of every workspace that was served once
}

func (i *issuers) all() map[string]*issuer {
	if served := i.served.Load(); served != nil {
		return *served
	}
	return nil
}

func (i *issuers) find(key string) *issuer { return i.all()[key] }

// openRegistry reads what is registered and begins to serve it.
func (s *Server) openRegistry(ctx context.Context, cfg *Config) error {
	sealer, err := cfg.Sealer()
	if err != nil {
		return err
	}
	s.issuers.sealer, s.issuers.nonces, s.issuers.open = sealer, []byte(cfg.KeyEncryptionKey.Reveal()), map[string]*keys.Set{}
	settings := registry.Settings{Base: cfg.BaseURL, Check: cfg.madeWorkspaceProblems, Publish: s.publish, Log: s.log, Now: s.now}
	for _, tenant := range cfg.Tenants {
		settings.Tenants = append(settings.Tenants, registry.Tenant{Name: tenant.Name, Configured: tenant.Workspaces})
	}
	s.registry, err = registry.Open(ctx, s.store, settings)
	return err
}

// workspaceProblems are what a workspace has to keep to beyond its own rules, because of the rest of the configuration.
func (c *Config) workspaceProblems(ws *workspace.Workspace) []error {
	return append(c.MutualTLS.clientProblems(ws), c.addressProblems(ws)...)
}

// madeWorkspaceProblems are those of a workspace that the admin API makes: it cannot say the secrets of upstream providers, which are in
// files and variables of this machine; nor does the listener ask for certificates because of it.
func (c *Config) madeWorkspaceProblems(ws *workspace.Workspace) []error {
	problems := c.workspaceProblems(ws)
	for position := range ws.Sources {
		if source := &ws.Sources[position]; source.Type == workspace.SourceOIDC && source.ClientSecret == "" && source.ClientKey == nil {
			problems = append(problems, fmt.Errorf("identity_sources: %q: upstream providers are for the configuration file, where their secrets are", source.ID))
		}
	}
	for position := range ws.Clients {
		if registered := ws.Clients[position]; c.TLS.given() && showsCertificate(registered) && !c.needsCertificates() {
			problems = append(problems, fmt.Errorf("client %q: token_endpoint_auth_method: the listener asks nobody for a certificate, because no client of the configuration needs one", registered.ID))
		}
	}
	return problems
}

// publish serves a snapshot, and ends what hangs on what is no longer in force. It is called by one at a time.
func (s *Server) publish(ctx context.Context, old, next *registry.Snapshot) error {
	before, served := s.issuers.all(), map[string]*issuer{}
	var problems []error
	for _, ws := range next.Workspaces() {
		if !ws.Live {
			continue
		}
		if same := before[ws.Key()]; same != nil && same.registered == ws {
			served[ws.Key()] = same
			continue
		}
		iss, err := s.serveWorkspace(ctx, ws, old == nil)
		if err != nil {
			problems = append(problems, fmt.Errorf("open workspace %s: %w", ws.Key(), err))
			continue
		}
		served[ws.Key()] = iss
	}
	if err := errors.Join(problems...); err != nil {
		return err
	}
	s.issuers.served.Store(&served)
	maps.DeleteFunc(s.issuers.open, func(key string, _ *keys.Set) bool { return next.Workspace(key) == nil }) // it has others if it comes again
	if old == nil {
		return nil
	}
	return s.endOld(ctx, old, next, before)
}

// serveWorkspace opens a workspace's keys, and at the start makes sure of its accounts.
func (s *Server) serveWorkspace(ctx context.Context, ws *registry.Workspace, start bool) (*issuer, error) {
	set := s.issuers.open[ws.Key()]
	if set != nil {
		if err := set.Reload(ctx); err != nil {
			return nil, err
		}
	}
	for _, algorithm := range ws.Policy.Algorithms() {
		if set == nil {
			break
		}
		if _, err := set.Signer(algorithm); err != nil { // the policy has another algorithm now
			set = nil
		}
	}
	if set == nil {
		opened, err := keys.Open(ctx, s.store, s.issuers.sealer, ws.Key(), ws.Policy.Algorithms(), s.now)
		if err != nil {
			return nil, err
		}
		set = opened
		s.issuers.open[ws.Key()] = set
	}
	if start {
		if err := s.accounts.Ensure(ctx, ws.Key(), configuredUsers(ws.Users)); err != nil {
			return nil, err
		}
	}
	look, err := s.pages.Look(ws.Brand)
	if err != nil {
		return nil, fmt.Errorf("brand: logo_file: %w", err)
	}
	return &issuer{
		Workspace:  ws.Workspace,
		look:       look,
		registered: ws,
		keys:       set,
		tokens:     token.NewIssuer(ws.Issuer(), set, ws.Policy.AccessTokenAlgorithm, ws.Policy.IDTokenAlgorithm, s.now),
		nonces:     dpop.NewNonces(s.issuers.nonces, ws.Issuer()),
		upstreams:  s.newUpstreams(ws.Workspace),
	}, nil
}

// How often an instance looks for changes that others made, and when it ends once more what requests with an older snapshot may
// have begun meanwhile, here or on another instance.
const (
	followEvery    = time.Second
	stragglerAfter = 5 * time.Second
)

// follow learns of what other instances change, until ctx ends.
func (s *Server) follow(ctx context.Context) {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		err := s.registry.Refresh(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			s.log.WarnContext(ctx, "changes of the registry are not seen", "error", err)
		}
		failing = err != nil
	}
}
