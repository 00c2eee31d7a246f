package registry

import (
	"context"
	"encoding/json"
	"slices"

	"cloakroom/authserver/client"
	"cloakroom/authserver/document"
	"cloakroom/authserver/store"
	"cloakroom/authserver/workspace"
)

// compose makes a snapshot of the configuration and the records. What has not changed is taken over from the snapshot before, so that
// a change costs what it changes.
func (r *Registry) compose(ctx context.Context, before *Snapshot) *Snapshot {
	next := &Snapshot{Revision: r.seen, tenants: map[string]*Tenant{}, workspaces: map[string]*Workspace{}}
	for _, tenant := range r.settings.Tenants {
		managed := tenant
		managed.Managed = true
		next.tenants[tenant.Name] = &managed
	}
	for at, record := range r.records {
		if at.kind == store.KindTenant {
			r.addTenant(ctx, next, record)
		}
	}
	clients := r.clientRecords()
	for _, tenant := range r.settings.Tenants {
		for position := range tenant.Configured {
			ws := &tenant.Configured[position]
			r.addWorkspace(ctx, next, before, &Workspace{Meta: Meta{Managed: true}, Workspace: ws}, clients[ws.Key()])
		}
	}
	for at, record := range r.records {
		if at.kind == store.KindWorkspace {
			r.addStored(ctx, next, before, record, clients[at.parent+"/"+at.name])
		}
	}
	return next
}

// clientRecords are the records of clients by the key of their workspace.
func (r *Registry) clientRecords() map[string][]store.Registration {
	byWorkspace := map[string][]store.Registration{}
	for at, record := range r.records {
		if at.kind == store.KindClient {
			byWorkspace[at.parent] = append(byWorkspace[at.parent], record)
		}
	}
	return byWorkspace
}

func (r *Registry) addTenant(ctx context.Context, next *Snapshot, record store.Registration) {
	if next.tenants[record.Name] != nil {
		r.shadowed(ctx, record)
		return
	}
	tenant := &Tenant{Meta: metaOf(record)}
	_ = document.Decode(record.Document, tenant) // what could not be read is not there: it was checked when it was made
	tenant.Name = record.Name
	next.tenants[record.Name] = tenant
}

// shadowed tells the operator of a record that the configuration took the name of.
func (r *Registry) shadowed(ctx context.Context, record store.Registration) {
	r.settings.Log.WarnContext(ctx, "the configuration file has the name of something that the admin API made; the file wins",
		"kind", string(record.Kind), "parent", record.Parent, "name", record.Name)
}

func (r *Registry) addStored(ctx context.Context, next, before *Snapshot, record store.Registration, clients []store.Registration) {
	key := record.Parent + "/" + record.Name
	if next.workspaces[key] != nil {
		r.shadowed(ctx, record)
		return
	}
	if before != nil {
		if same := before.workspaces[key]; same != nil && !same.Managed && same.Version == record.Version {
			r.addWorkspace(ctx, next, before, &Workspace{Meta: same.Meta, Workspace: same.Workspace, given: same.given}, clients)
			return
		}
	}
	meta := metaOf(record)
	ws, problems := r.readWorkspace(record.Parent, record.Name, record.Document)
	meta.Problem = inWords(problems)
	r.addWorkspace(ctx, next, before, &Workspace{Meta: meta, Workspace: ws, given: record.Document}, clients)
}

// addWorkspace adds a workspace with its clients, or the very one of the snapshot before when nothing about it has changed.
func (r *Registry) addWorkspace(ctx context.Context, next, before *Snapshot, made *Workspace, records []store.Registration) {
	key := made.Key()
	tenant := next.tenants[made.Tenant]
	if tenant == nil && made.Problem == "" {
		made.Problem = "its tenant is not there any more"
	}
	made.Live = made.Meta.live() && tenant.Meta.live()
	made.keys = r.records[recordKey{store.KindKeys, key, keysName}].Version
	var old *Workspace
	if before != nil {
		old = before.workspaces[key]
	}
	if old != nil && old.Version == made.Version && old.Managed == made.Managed && old.Live == made.Live && old.Problem == made.Problem && old.keys == made.keys && old.has(records) {
		next.workspaces[key] = old
		return
	}
	// The clients of the configuration are part of the workspace; those of the store come to them.
	config := *made.Workspace
	if made.Managed {
		config.Clients = slices.Clone(r.configured(key).Clients)
	} else {
		config.Clients = nil
	}
	made.Workspace, made.clients, made.live = &config, map[string]*Client{}, map[string]*client.Client{}
	for position := range config.Clients {
		managed := &config.Clients[position]
		made.clients[managed.ID] = &Client{Meta: Meta{Managed: true}, Client: managed}
	}
	sameWorkspace := old != nil && old.Version == made.Version && old.Problem == made.Problem
	for _, record := range records {
		r.addClient(ctx, made, old, sameWorkspace, record)
	}
	for id, c := range made.clients {
		if c.Meta.live() {
			made.live[id] = c.Client
		}
	}
	next.workspaces[key] = made
}

// has reports whether the workspace has exactly the clients of these records, unchanged.
func (w *Workspace) has(records []store.Registration) bool {
	stored := 0
	for _, c := range w.clients {
		if !c.Managed {
			stored++
		}
	}
	shadowed := 0
	for _, record := range records {
		c := w.clients[record.Name]
		switch {
		case c != nil && c.Managed:
			shadowed++
		case c == nil || c.Version != record.Version:
			return false
		}
	}
	return stored == len(records)-shadowed
}

func (r *Registry) addClient(ctx context.Context, ws, old *Workspace, sameWorkspace bool, record store.Registration) {
	if ws.clients[record.Name] != nil {
		r.shadowed(ctx, record)
		return
	}
	if sameWorkspace {
		if same := old.clients[record.Name]; same != nil && !same.Managed && same.Version == record.Version {
			ws.clients[record.Name] = same
			return
		}
	}
	made := &Client{Meta: metaOf(record), Client: &client.Client{ID: record.Name}, Used: record.Used}
	if err := json.Unmarshal(record.Document, &made.record); err != nil {
		made.Problem = "its record cannot be read"
	} else {
		c, problems := r.readClient(ws.Workspace, record.Name, made.record)
		made.Client, made.Problem, made.Dynamic = c, inWords(problems), made.record.Dynamic
	}
	if made.Problem != "" {
		r.settings.Log.WarnContext(ctx, "a client is not in force", "workspace", ws.Key(), "client_id", record.Name, "problem", made.Problem)
	}
	ws.clients[record.Name] = made
}

// configured is a workspace as the configuration has it.
func (r *Registry) configured(key string) *workspace.Workspace {
	for _, tenant := range r.settings.Tenants {
		for position := range tenant.Configured {
			if ws := &tenant.Configured[position]; ws.Key() == key {
				return ws
			}
		}
	}
	return nil
}

func inWords(problems []document.Problem) string {
	if len(problems) == 0 {
		return ""
	}
	return (&Invalid{problems}).Error()
}
