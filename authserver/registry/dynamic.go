package registry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// Register makes a client that registered itself (RFC 7591). The token is the one by which it reads and changes that (RFC 7592).
func (r *Registry) Register(ctx context.Context, workspaceKey string, data []byte) (c *Client, secret, token oauth.Secret, err error) {
	token = NewSecret()
	c, secret, err = r.createClient(ctx, workspaceKey, data, &Dynamic{TokenHash: client.DigestOf(token), Issued: r.settings.Now()})
	return c, secret, token, err
}

// Reregister replaces what a client said of itself, and its token: the one before is good no more (RFC 7592 §2.2).
func (r *Registry) Reregister(ctx context.Context, workspaceKey, id string, version int64, data []byte) (c *Client, secret, token oauth.Secret, err error) {
	token = NewSecret()
	c, err = r.changeClient(ctx, workspaceKey, id, version, func(ws *Workspace, record *clientRecord, _ *store.Registration) error {
		if record.Dynamic == nil {
			return ErrNotFound
		}
		dynamic := *record.Dynamic
		dynamic.TokenHash = client.DigestOf(token)
		record.Client, record.Dynamic = data, &dynamic
		switch needed := needsSecret(data); {
		case !needed:
			record.Secrets = nil
		case len(record.Secrets) == 0:
			secret = NewSecret()
			record.Secrets = []secretRecord{{Hash: client.DigestOf(secret), Created: r.settings.Now()}}
		}
		if _, problems := r.readClient(ws.Workspace, id, *record); len(problems) > 0 {
			return &Invalid{problems}
		}
		return nil
	})
	return c, secret, token, err
}

// Use marks that a client was issued something. It costs a write once for each client and instance, and nothing after that.
func (r *Registry) Use(ctx context.Context, workspaceKey, id string) error {
	ws := r.Current().Workspace(workspaceKey)
	if ws == nil {
		return nil
	}
	c := ws.Client(id)
	if c == nil || c.Dynamic == nil || !c.Used.IsZero() || c.used.Load() {
		return nil
	}
	err := r.store.UseRegistration(ctx, store.KindClient, workspaceKey, id, r.settings.Now())
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("registry: %w", err)
	}
	c.used.Store(true)
	return nil
}

// SweepDynamic deletes the clients that registered themselves and were never issued anything for as long as their workspace keeps such.
// It returns how many.
func (r *Registry) SweepDynamic(ctx context.Context) (int, error) {
	type candidate struct {
		workspace, id string
		version       int64
	}
	now := r.settings.Now()
	var candidates []candidate
	for _, ws := range r.Current().Workspaces() {
		for _, c := range ws.Clients() {
			if c.Dynamic != nil && c.Used.IsZero() && !c.used.Load() && now.Sub(c.Dynamic.Issued) > ws.Registration.Unused {
				candidates = append(candidates, candidate{ws.Key(), c.ID, c.Version})
			}
		}
	}
	if len(candidates) == 0 {
		return 0, nil
	}
	used, err := r.usedElsewhere(ctx)
	if err != nil {
		return 0, err
	}
	swept := 0
	for _, one := range candidates {
		if !used[recordKey{store.KindClient, one.workspace, one.id}].IsZero() {
			continue
		}
		err := r.DeleteClient(ctx, one.workspace, one.id, one.version)
		switch {
		case err == nil:
			swept++
		case !errors.Is(err, ErrStale) && !errors.Is(err, ErrNotFound): // another instance was faster, or it was changed
			return swept, err
		}
	}
	return swept, nil
}

// usedElsewhere reads the marks anew: a use is no change, and other instances make them too.
func (r *Registry) usedElsewhere(ctx context.Context) (map[recordKey]time.Time, error) {
	used := map[recordKey]time.Time{}
	for after := int64(0); ; {
		registrations, err := r.store.Registrations(ctx, after, page)
		if err != nil {
			return nil, fmt.Errorf("registry: %w", err)
		}
		for _, one := range registrations {
			after = one.Revision
			if one.Used.IsZero() {
				continue
			}
			used[recordKey{one.Kind, one.Parent, one.Name}] = one.Used
			if ws := r.Current().Workspace(one.Parent); ws != nil && ws.Client(one.Name) != nil {
				ws.Client(one.Name).used.Store(true)
			}
		}
		if len(registrations) < page {
			return used, nil
		}
	}
}
