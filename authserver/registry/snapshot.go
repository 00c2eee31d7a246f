package registry

import (
	"maps"
	"slices"
	"sync/atomic"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/store"
	"cloakroom/authserver/workspace"
)

// Snapshot is all that is registered at one moment. It never changes: who holds one may read it without a lock.
type Snapshot struct {
	Revision   int64
	tenants    map[string]*Tenant
	workspaces map[string]*Workspace // by key, tenant/workspace
}

// Meta is what is known of a thing besides what it says of itself.
type Meta struct {
	Managed  bool // by the configuration file
	Disabled bool
	Version  int64 // of the record; 0 when managed
	Created  time.Time
	Updated  time.Time
	// Problem is why a record of the store is not in force, although it was valid when it was made: the configuration has changed since.
	Problem string
}

// live reports whether it is in force.
func (m Meta) live() bool { return !m.Disabled && m.Problem == "" }

// Tenant is a tenant.
type Tenant struct {
	Meta
	Name  string `yaml:"name"`
	Title string `yaml:"title"`
	// Configured are its workspaces of the configuration.
	Configured []workspace.Workspace `yaml:"-"`
}

// Workspace is a workspace with all its clients, live or not.
type Workspace struct {
	Meta
	// Workspace has the clients of the configuration only: [Workspace.Find] and [Workspace.Clients] have all.
	*workspace.Workspace
	// Live says that the workspace is served: neither it nor its tenant is disabled.
	Live    bool
	clients map[string]*Client
	live    map[string]*client.Client
	given   []byte // the document as it was given; nil when managed
	keys    int64  // how often its keys have changed
}

// Client is a client.
type Client struct {
	Meta
	*client.Client
	Dynamic *Dynamic  // nil unless it registered itself
	Used    time.Time // when it was first issued something; zero for never, and for managed clients
	record  clientRecord
	used    atomic.Bool // here, or as another instance has marked it since
}

// Tenants lists the tenants by name.
func (s *Snapshot) Tenants() []*Tenant { return sorted(s.tenants) }

// Tenant returns a tenant, nil if there is none.
func (s *Snapshot) Tenant(name string) *Tenant { return s.tenants[name] }

// Workspaces lists all workspaces by key, disabled ones too.
func (s *Snapshot) Workspaces() []*Workspace { return sorted(s.workspaces) }

// Workspace returns a workspace by its key, disabled or not, nil if there is none.
func (s *Snapshot) Workspace(key string) *Workspace { return s.workspaces[key] }

// Clients lists the clients by id.
func (w *Workspace) Clients() []*Client { return sorted(w.clients) }

// Client returns a client, disabled or not, nil if there is none.
func (w *Workspace) Client(id string) *Client { return w.clients[id] }

// Find returns a client that is in force, nil if there is none.
func (w *Workspace) Find(id string) *client.Client { return w.live[id] }

func sorted[T any](all map[string]T) []T {
	list := make([]T, 0, len(all))
	for _, name := range slices.Sorted(maps.Keys(all)) {
		list = append(list, all[name])
	}
	return list
}

func metaOf(record store.Registration) Meta {
	return Meta{Disabled: record.Disabled, Version: record.Version, Created: record.Created, Updated: record.Updated}
}
