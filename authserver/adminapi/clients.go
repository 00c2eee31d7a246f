package adminapi

import (
	"net/url"
	"time"

	"cloakroom/authserver/document"
	"cloakroom/authserver/registry"
)

// stateMember is the member of an answer that is not the document: what is known of it besides what it says of itself.
const stateMember = "state"

// stateOf is what everything has.
func stateOf(meta registry.Meta) map[string]any {
	state := map[string]any{"managed": meta.Managed, "disabled": meta.Disabled}
	if meta.Problem != "" {
		state["problem"] = meta.Problem
	}
	if !meta.Managed {
		state["version"], state["created"], state["updated"] = meta.Version, meta.Created.UTC(), meta.Updated.UTC()
	}
	return state
}

func showClient(c *registry.Client) map[string]any {
	shown := document.Encode(*c.Client)
	state := stateOf(c.Meta)
	state["dynamic"] = c.Dynamic != nil
	if c.HasSecret() && !c.Managed {
		state["secrets"] = c.Secrets()
	}
	shown[stateMember] = state
	return shown
}

// place is the workspace that the path names, as it is now.
func (c *call) place(a *API) (*registry.Workspace, error) {
	ws := a.Registry.Current().Workspace(c.key())
	if ws == nil {
		return nil, errNoResource
	}
	return ws, nil
}

func (c *call) key() string { return c.PathValue("tenant") + "/" + c.PathValue("workspace") }

func (a *API) listClients(c *call) (answer, error) {
	ws, err := c.place(a)
	if err != nil {
		return answer{}, err
	}
	limit, after, err := c.span()
	if err != nil {
		return answer{}, err
	}
	return answer{body: pageOf(ws.Clients(), limit, after, func(one *registry.Client) string { return one.ID }, showClient)}, nil
}

func (a *API) getClient(c *call) (answer, error) {
	ws, err := c.place(a)
	if err != nil {
		return answer{}, err
	}
	found := ws.Client(c.PathValue("client"))
	if found == nil {
		return answer{}, errNoResource
	}
	return answer{body: showClient(found), version: found.Version}, nil
}

func (a *API) createClient(c *call) (answer, error) {
	data, err := c.resource()
	if err != nil {
		return answer{}, err
	}
	made, secret, err := a.Registry.CreateClient(c.Context(), c.key(), data)
	if err != nil {
		return answer{}, err
	}
	shown := showClient(made)
	c.record(a, "create", "client", c.key(), made.ID, changedMembers(nil, shown)...)
	location := "/tenants/" + c.PathValue("tenant") + "/workspaces/" + c.PathValue("workspace") + "/clients/" + url.PathEscape(made.ID)
	if secret != "" {
		shown[secretMember] = secret.Reveal()
	}
	return answer{body: shown, version: made.Version, location: location}, nil
}

// secretMember is the member of the answer that tells a new secret, this once.
const secretMember = "client_secret"

func (a *API) replaceClient(c *call) (answer, error) {
	data, err := c.resource()
	if err != nil {
		return answer{}, err
	}
	return a.changeClient(c, func([]byte) []byte { return data })
}

func (a *API) patchClient(c *call) (answer, error) {
	apply, err := c.patch()
	if err != nil {
		return answer{}, err
	}
	return a.changeClient(c, apply)
}

func (a *API) changeClient(c *call, update func(given []byte) []byte) (answer, error) {
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	before, err := a.getClient(c)
	if err != nil {
		return answer{}, err
	}
	changed, secret, err := a.Registry.ReplaceClient(c.Context(), c.key(), c.PathValue("client"), version, update)
	if err != nil {
		return answer{}, err
	}
	shown := showClient(changed)
	members := changedMembers(before.body.(map[string]any), shown) //nolint:forcetypeassert // it is what showClient makes
	c.record(a, "change", "client", c.key(), changed.ID, members...)
	if secret != "" {
		shown[secretMember] = secret.Reveal()
	}
	return answer{body: shown, version: changed.Version}, nil
}

func (a *API) disableClient(c *call) (answer, error) { return a.switchClient(c, true) }

func (a *API) enableClient(c *call) (answer, error) { return a.switchClient(c, false) }

func (a *API) switchClient(c *call, disabled bool) (answer, error) {
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	changed, err := a.Registry.DisableClient(c.Context(), c.key(), c.PathValue("client"), version, disabled)
	if err != nil {
		return answer{}, err
	}
	c.record(a, switched(disabled), "client", c.key(), changed.ID)
	return answer{body: showClient(changed), version: changed.Version}, nil
}

func switched(disabled bool) string {
	if disabled {
		return "disable"
	}
	return "enable"
}

// How long the secret before a rotation is good still.
const (
	defaultOverlap = 24 * time.Hour
	maxOverlap     = 30 * 24 * time.Hour
)

func (a *API) rotateSecret(c *call) (answer, error) {
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	given := struct {
		Overlap *time.Duration `yaml:"overlap"`
	}{}
	if err := c.options(&given); err != nil {
		return answer{}, err
	}
	overlap := defaultOverlap
	if given.Overlap != nil {
		overlap = *given.Overlap
	}
	if overlap < 0 || overlap > maxOverlap {
		return answer{}, invalid([]document.Problem{{Pointer: "/overlap", Detail: "is not between 0s and " + maxOverlap.String()}})
	}
	changed, secret, err := a.Registry.RotateSecret(c.Context(), c.key(), c.PathValue("client"), version, overlap)
	if err != nil {
		return answer{}, err
	}
	c.record(a, "rotate-secret", "client", c.key(), changed.ID)
	shown := showClient(changed)
	shown[secretMember] = secret.Reveal()
	return answer{body: shown, version: changed.Version}, nil
}

func (a *API) deleteClient(c *call) (answer, error) {
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	if err := a.Registry.DeleteClient(c.Context(), c.key(), c.PathValue("client"), version); err != nil {
		return answer{}, err
	}
	c.record(a, "delete", "client", c.key(), c.PathValue("client"))
	return answer{}, nil
}
