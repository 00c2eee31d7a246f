package registry

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/document"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// clientRecord is what the store keeps of a client.
type clientRecord struct {
	Client  json.RawMessage `json:"client"` // as it was given
	Secrets []secretRecord  `json:"secrets,omitempty"`
	Dynamic *Dynamic        `json:"dynamic,omitempty"`
}

// secretRecord is one secret of a client: the last is the current one, and one before it is good until it expires.
type secretRecord struct {
	Hash    client.Digest `json:"hash"`
	Created time.Time     `json:"created"`
	Expires time.Time     `json:"expires,omitzero"`
}

// Dynamic is what is kept of a client that registered itself (RFC 7591).
type Dynamic struct {
	TokenHash client.Digest `json:"token_hash"` // of its registration access token (RFC 7592 §3)
	Issued    time.Time     `json:"issued"`
}

// fill adds what the record has beside the document.
func (r clientRecord) fill(c *client.Client) {
	c.Dynamic = r.Dynamic != nil
	for _, secret := range r.Secrets {
		if secret.Expires.IsZero() {
			c.Secret = secret.Hash
		} else {
			c.PreviousSecret, c.PreviousUntil = secret.Hash, secret.Expires
		}
	}
}

// NewSecret makes a secret with 256 bits of randomness.
func NewSecret() oauth.Secret { return oauth.Secret(rand.Text() + rand.Text()) }

// CreateClient makes a client of a document; without an id it gets one. The secret is for a client that authenticates by one, and is
// told this once.
func (r *Registry) CreateClient(ctx context.Context, workspaceKey string, data []byte) (*Client, oauth.Secret, error) {
	return r.createClient(ctx, workspaceKey, data, nil)
}

func (r *Registry) createClient(ctx context.Context, workspaceKey string, data []byte, dynamic *Dynamic) (*Client, oauth.Secret, error) {
	var named struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(data, &named) // a wrong type is found below
	id := named.ID
	if id == "" {
		id = rand.Text()
	}
	var secret oauth.Secret
	err := r.change(ctx, func(current *Snapshot) (store.Registration, error) {
		ws := current.Workspace(workspaceKey)
		switch {
		case ws == nil:
			return store.Registration{}, ErrNotFound
		case ws.Client(id) != nil:
			return store.Registration{}, ErrExists
		case dynamic != nil && ws.dynamic() >= ws.Registration.Quota:
			return store.Registration{}, ErrFull
		}
		now := r.settings.Now()
		record := clientRecord{Client: data, Dynamic: dynamic}
		if needsSecret(data) {
			secret = NewSecret()
			record.Secrets = []secretRecord{{Hash: client.DigestOf(secret), Created: now}}
		}
		if _, problems := r.readClient(ws.Workspace, id, record); len(problems) > 0 {
			return store.Registration{}, &Invalid{problems}
		}
		return registrationOf(workspaceKey, id, record, store.Registration{Created: now, Updated: now})
	})
	if err != nil {
		return nil, "", err
	}
	return r.Current().Workspace(workspaceKey).Client(id), secret, nil
}

// needsSecret reports whether the client of a document authenticates by a secret.
func needsSecret(data []byte) bool {
	c := new(client.Client)
	_ = document.Decode(data, c) // problems are reported elsewhere
	c.SetDefaults()
	return c.HasSecret()
}

func registrationOf(workspaceKey, id string, record clientRecord, rest store.Registration) (store.Registration, error) {
	data, err := json.Marshal(record)
	rest.Kind, rest.Parent, rest.Name, rest.Document = store.KindClient, workspaceKey, id, data
	return rest, err
}

// changeClient replaces the record of a client of the store. Version is the one that the caller has read, 0 for whichever there is.
func (r *Registry) changeClient(ctx context.Context, workspaceKey, id string, version int64, change func(*Workspace, *clientRecord, *store.Registration) error) (*Client, error) {
	err := r.change(ctx, func(current *Snapshot) (store.Registration, error) {
		ws, c, err := stored(current, workspaceKey, id)
		switch {
		case err != nil:
			return store.Registration{}, err
		case version != 0 && version != c.Version:
			return store.Registration{}, ErrStale
		}
		record := c.record
		rest := store.Registration{Version: c.Version, Disabled: c.Disabled, Created: c.Created, Updated: r.settings.Now()}
		if err := change(ws, &record, &rest); err != nil {
			return store.Registration{}, err
		}
		return registrationOf(workspaceKey, id, record, rest)
	})
	if err != nil {
		return nil, err
	}
	return r.Current().Workspace(workspaceKey).Client(id), nil
}

// stored finds a client that can be changed.
func stored(current *Snapshot, workspaceKey, id string) (*Workspace, *Client, error) {
	ws := current.Workspace(workspaceKey)
	if ws == nil || ws.Client(id) == nil {
		return nil, nil, ErrNotFound
	}
	c := ws.Client(id)
	if c.Managed {
		return nil, nil, ErrManaged
	}
	return ws, c, nil
}

// ReplaceClient replaces a client's document. A client that begins to authenticate by a secret gets one, told this once; one that ends
// to has none any more.
func (r *Registry) ReplaceClient(ctx context.Context, workspaceKey, id string, version int64, update func(given []byte) []byte) (*Client, oauth.Secret, error) {
	var secret oauth.Secret
	changed, err := r.changeClient(ctx, workspaceKey, id, version, func(ws *Workspace, record *clientRecord, _ *store.Registration) error {
		record.Client = update(record.Client)
		switch needed := needsSecret(record.Client); {
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
	return changed, secret, err
}

// DisableClient takes a client out of force, or puts it back.
func (r *Registry) DisableClient(ctx context.Context, workspaceKey, id string, version int64, disabled bool) (*Client, error) {
	return r.changeClient(ctx, workspaceKey, id, version, func(_ *Workspace, _ *clientRecord, rest *store.Registration) error {
		rest.Disabled = disabled
		return nil
	})
}

// RotateSecret gives a client a new secret. The one before is good for the overlap still; older ones are not.
func (r *Registry) RotateSecret(ctx context.Context, workspaceKey, id string, version int64, overlap time.Duration) (*Client, oauth.Secret, error) {
	secret := NewSecret()
	changed, err := r.changeClient(ctx, workspaceKey, id, version, func(ws *Workspace, record *clientRecord, _ *store.Registration) error {
		if !ws.Client(id).HasSecret() {
			return &Invalid{[]document.Problem{{Detail: "the client authenticates by " + ws.Client(id).AuthMethod + " and has no secret"}}}
		}
		now := r.settings.Now()
		var kept []secretRecord
		for _, one := range record.Secrets {
			if one.Expires.IsZero() && overlap > 0 {
				one.Expires = now.Add(overlap)
				kept = append(kept, one)
			}
		}
		record.Secrets = append(kept, secretRecord{Hash: client.DigestOf(secret), Created: now})
		return nil
	})
	return changed, secret, err
}

// DeleteClient ends a client for good. Its name is free again.
func (r *Registry) DeleteClient(ctx context.Context, workspaceKey, id string, version int64) error {
	return r.remove(ctx, func(current *Snapshot) (recordKey, int64, error) {
		_, c, err := stored(current, workspaceKey, id)
		switch {
		case err != nil:
			return recordKey{}, 0, err
		case version != 0 && version != c.Version:
			return recordKey{}, 0, ErrStale
		}
		return recordKey{store.KindClient, workspaceKey, id}, c.Version, nil
	})
}

func (w *Workspace) dynamic() int {
	count := 0
	for _, c := range w.clients {
		if c.Dynamic != nil {
			count++
		}
	}
	return count
}

// Secret is what may be told of a secret.
type Secret struct {
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires,omitzero"` // zero for the current one
}

// Secrets lists the secrets of a client of the store, the current one last.
func (c *Client) Secrets() []Secret {
	secrets := []Secret{}
	for _, one := range c.record.Secrets {
		secrets = append(secrets, Secret{Created: one.Created.UTC(), Expires: one.Expires.UTC()})
	}
	return secrets
}
