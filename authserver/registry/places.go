package registry

import (
	"context"
	"encoding/json"

	"cloakroom/authserver/document"
	"cloakroom/authserver/store"
	"cloakroom/authserver/workspace"
)

// CreateTenant makes a tenant of a document.
func (r *Registry) CreateTenant(ctx context.Context, data []byte) (*Tenant, error) {
	tenant := new(Tenant)
	problems := document.Decode(data, tenant)
	if !workspace.ValidName(tenant.Name) {
		problems = append(problems, document.Problem{Pointer: "/name", Detail: "is not one to forty lower-case letters, digits and inner dashes"})
	}
	if len(problems) > 0 {
		return nil, &Invalid{problems}
	}
	err := r.change(ctx, func(current *Snapshot) (store.Registration, error) {
		if current.Tenant(tenant.Name) != nil {
			return store.Registration{}, ErrExists
		}
		now := r.settings.Now()
		return store.Registration{Kind: store.KindTenant, Name: tenant.Name, Document: data, Created: now, Updated: now}, nil
	})
	if err != nil {
		return nil, err
	}
	return r.Current().Tenant(tenant.Name), nil
}

// ChangeTenant replaces a tenant's document (update may be nil), and disables or enables it (disabled may be nil).
func (r *Registry) ChangeTenant(ctx context.Context, name string, version int64, update func(given []byte) []byte, disabled *bool) (*Tenant, error) {
	err := r.change(ctx, func(current *Snapshot) (store.Registration, error) {
		tenant := current.Tenant(name)
		if err := changeable(tenant != nil, func() Meta { return tenant.Meta }, version); err != nil {
			return store.Registration{}, err
		}
		record := r.records[recordKey{store.KindTenant, "", name}]
		record.Updated = r.settings.Now()
		if update != nil {
			record.Document = update(record.Document)
			changed := new(Tenant)
			problems := document.Decode(record.Document, changed)
			if changed.Name != "" && changed.Name != name {
				problems = append(problems, document.Problem{Pointer: "/name", Detail: "cannot be changed: it is part of the issuers"})
			}
			if len(problems) > 0 {
				return store.Registration{}, &Invalid{problems}
			}
		}
		if disabled != nil {
			record.Disabled = *disabled
		}
		return record, nil
	})
	if err != nil {
		return nil, err
	}
	return r.Current().Tenant(name), nil
}

func changeable(found bool, meta func() Meta, version int64) error {
	switch {
	case !found:
		return ErrNotFound
	case meta().Managed:
		return ErrManaged
	case version != 0 && meta().Version != version:
		return ErrStale
	default:
		return nil
	}
}

// DeleteTenant ends a tenant that has no workspaces any more.
func (r *Registry) DeleteTenant(ctx context.Context, name string, version int64) error {
	return r.remove(ctx, func(current *Snapshot) (recordKey, int64, error) {
		tenant := current.Tenant(name)
		if err := changeable(tenant != nil, func() Meta { return tenant.Meta }, version); err != nil {
			return recordKey{}, 0, err
		}
		for _, ws := range current.workspaces {
			if ws.Tenant == name {
				return recordKey{}, 0, ErrInUse
			}
		}
		return recordKey{store.KindTenant, "", name}, tenant.Version, nil
	})
}

// CreateWorkspace makes a workspace of a document.
func (r *Registry) CreateWorkspace(ctx context.Context, tenant string, data []byte) (*Workspace, error) {
	var named struct {
		Name string `json:"name"`
	}
	_ = json.Unmarshal(data, &named) // a wrong type is found below
	key := tenant + "/" + named.Name
	err := r.change(ctx, func(current *Snapshot) (store.Registration, error) {
		switch {
		case current.Tenant(tenant) == nil:
			return store.Registration{}, ErrNotFound
		case current.Workspace(key) != nil:
			return store.Registration{}, ErrExists
		}
		if _, problems := r.readWorkspace(tenant, named.Name, data); len(problems) > 0 {
			return store.Registration{}, &Invalid{problems}
		}
		now := r.settings.Now()
		return store.Registration{Kind: store.KindWorkspace, Parent: tenant, Name: named.Name, Document: data, Created: now, Updated: now}, nil
	})
	if err != nil {
		return nil, err
	}
	return r.Current().Workspace(key), nil
}

// ChangeWorkspace replaces a workspace's document (update may be nil), and disables or enables it (disabled may be nil). A change that
// would make one of its clients invalid is refused: the client has to be changed first.
func (r *Registry) ChangeWorkspace(ctx context.Context, key string, version int64, update func(given []byte) []byte, disabled *bool) (*Workspace, error) {
	err := r.change(ctx, func(current *Snapshot) (store.Registration, error) {
		ws := current.Workspace(key)
		if err := changeable(ws != nil, func() Meta { return ws.Meta }, version); err != nil {
			return store.Registration{}, err
		}
		record := r.records[recordKey{store.KindWorkspace, ws.Tenant, ws.Name}]
		record.Updated = r.settings.Now()
		if update != nil {
			record.Document = update(record.Document)
			if problems := r.changedProblems(ws, record.Document); len(problems) > 0 {
				return store.Registration{}, &Invalid{problems}
			}
		}
		if disabled != nil {
			record.Disabled = *disabled
		}
		return record, nil
	})
	if err != nil {
		return nil, err
	}
	return r.Current().Workspace(key), nil
}

func (r *Registry) changedProblems(ws *Workspace, data []byte) []document.Problem {
	changed, problems := r.readWorkspace(ws.Tenant, ws.Name, data)
	if len(problems) > 0 {
		return problems
	}
	for _, c := range ws.Clients() {
		if c.Problem != "" {
			continue
		}
		if _, wrong := r.readClient(changed, c.ID, c.record); len(wrong) > 0 {
			problems = append(problems, document.Problem{Detail: "the client " + c.ID + " contradicts it: " + wrong[0].Error()})
		}
	}
	return problems
}

// DeleteWorkspace ends a workspace that is disabled and has no clients any more.
func (r *Registry) DeleteWorkspace(ctx context.Context, key string, version int64) error {
	return r.remove(ctx, func(current *Snapshot) (recordKey, int64, error) {
		ws := current.Workspace(key)
		if err := changeable(ws != nil, func() Meta { return ws.Meta }, version); err != nil {
			return recordKey{}, 0, err
		}
		if !ws.Disabled || len(ws.clients) > 0 {
			return recordKey{}, 0, ErrInUse
		}
		return recordKey{store.KindWorkspace, ws.Tenant, ws.Name}, ws.Version, nil
	})
}

// KeysChanged has every instance read the signing keys of a workspace again, as it would any change: one that is no longer safe is not to
// sign for another minute elsewhere.
func (r *Registry) KeysChanged(ctx context.Context, key string) error {
	return r.change(ctx, func(*Snapshot) (store.Registration, error) {
		record, known := r.records[recordKey{store.KindKeys, key, keysName}]
		now := r.settings.Now()
		if !known {
			record = store.Registration{Kind: store.KindKeys, Parent: key, Name: keysName, Document: []byte("{}"), Created: now}
		}
		record.Updated = now
		return record, nil
	})
}

const keysName = "keys"
