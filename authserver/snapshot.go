package authserver

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/dpop"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
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

// endOld ends what hangs on clients and workspaces that were in force and are not any more. Every instance does it, and each grant and
// session ends once.
func (s *Server) endOld(ctx context.Context, old, next *registry.Snapshot, before map[string]*issuer) error {
	var endings []func(context.Context) error
	for _, ws := range old.Workspaces() {
		iss, now := before[ws.Key()], next.Workspace(ws.Key())
		if iss == nil || iss.registered == now {
			continue
		}
		if now == nil || !now.Live {
			endings = append(endings, func(ctx context.Context) error { return s.endWorkspace(ctx, iss) })
			continue
		}
		for _, c := range ws.Clients() {
			if ws.Find(c.ID) != nil && now.Find(c.ID) == nil {
				endings = append(endings, func(ctx context.Context) error { return s.endClient(ctx, iss, c.ID) })
			}
		}
	}
	if len(endings) == 0 {
		return nil
	}
	end := func(ctx context.Context) error {
		var problems []error
		for _, ending := range endings {
			problems = append(problems, ending(ctx))
		}
		return errors.Join(problems...)
	}
	s.later(stragglerAfter, func(ctx context.Context) {
		if err := end(ctx); err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "what hangs on a disabled client or workspace was not ended", "error", err)
		}
	})
	return end(ctx)
}

// later does something in the background after a while, unless the server is closed before.
func (s *Server) later(after time.Duration, do func(context.Context)) {
	s.running.Go(func() {
		select {
		case <-s.background.Done():
		case <-time.After(after):
			do(s.background)
		}
	})
}

// endBatch is how many grants or sessions end in one step: others' writes go between.
const endBatch = 100

// endClient revokes all that a client holds, offline access too, and tells it that its sessions have ended.
func (s *Server) endClient(ctx context.Context, iss *issuer, clientID string) error {
	registered, told := iss.Find(clientID), map[string]bool{}
	for {
		grants, err := s.store.RevokeGrants(ctx, iss.Key(), clientID, endBatch)
		if err != nil {
			return fmt.Errorf("revoke grants: %w", err)
		}
		for _, grant := range grants {
			if registered == nil || registered.BackchannelLogoutURI == "" || grant.SID == "" || told[grant.SID] {
				continue
			}
			told[grant.SID] = true
			s.backchannel.tell(ctx, notice{iss: iss, clientID: clientID, uri: registered.BackchannelLogoutURI, subject: grant.Subject, sid: grant.SID})
		}
		if len(grants) < endBatch {
			return nil
		}
	}
}

// endWorkspace ends every session of a workspace, tells the clients, and revokes what is left.
func (s *Server) endWorkspace(ctx context.Context, iss *issuer) error {
	for after := ""; ; {
		sessions, err := s.store.WorkspaceSessions(ctx, iss.Key(), after, endBatch)
		if err != nil {
			return fmt.Errorf("list sessions: %w", err)
		}
		for _, session := range sessions {
			if err := s.endSSOSession(ctx, iss, session.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
				return fmt.Errorf("end session: %w", err)
			}
			after = session.ID
		}
		if len(sessions) < endBatch {
			break
		}
	}
	return s.endClient(ctx, iss, "")
}

// endUser ends every session of a user and revokes all that was granted in the user's name, offline access too.
func (s *Server) endUser(ctx context.Context, iss *issuer, subject string) (ended int, err error) {
	sessions, err := s.store.Sessions(ctx, iss.Key(), subject)
	if err != nil {
		return 0, fmt.Errorf("list sessions: %w", err)
	}
	for _, session := range sessions {
		if err := s.endSSOSession(ctx, iss, session.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return ended, fmt.Errorf("end session: %w", err)
		}
		ended++
	}
	grants, err := s.store.Grants(ctx, iss.Key(), subject, "")
	if err != nil {
		return ended, fmt.Errorf("list grants: %w", err)
	}
	for _, grant := range grants {
		if err := s.store.RevokeGrant(ctx, iss.Key(), grant.ID); err != nil && !errors.Is(err, store.ErrNotFound) {
			return ended, fmt.Errorf("revoke grant: %w", err)
		}
	}
	return ended, nil
}
