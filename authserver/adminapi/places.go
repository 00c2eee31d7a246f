package adminapi

import (
	"cloakroom/authserver/document"
	"cloakroom/authserver/registry"
)

func showTenant(tenant *registry.Tenant) map[string]any {
	shown := document.Encode(*tenant)
	shown[stateMember] = stateOf(tenant.Meta)
	return shown
}

func (a *API) listTenants(c *call) (answer, error) {
	limit, after, err := c.span()
	if err != nil {
		return answer{}, err
	}
	all := a.Registry.Current().Tenants()
	return answer{body: pageOf(all, limit, after, func(one *registry.Tenant) string { return one.Name }, showTenant)}, nil
}

func (a *API) getTenant(c *call) (answer, error) {
	tenant := a.Registry.Current().Tenant(c.PathValue("tenant"))
	if tenant == nil {
		return answer{}, errNoResource
	}
	return answer{body: showTenant(tenant), version: tenant.Version}, nil
}

func (a *API) createTenant(c *call) (answer, error) {
	data, err := c.resource()
	if err != nil {
		return answer{}, err
	}
	made, err := a.Registry.CreateTenant(c.Context(), data)
	if err != nil {
		return answer{}, err
	}
	shown := showTenant(made)
	c.record(a, "create", "tenant", made.Name, made.Name, changedMembers(nil, shown)...)
	return answer{body: shown, version: made.Version, location: "/tenants/" + made.Name}, nil
}

func (a *API) replaceTenant(c *call) (answer, error) {
	data, err := c.resource()
	if err != nil {
		return answer{}, err
	}
	return a.changeTenant(c, "change", func([]byte) []byte { return data }, nil)
}

func (a *API) patchTenant(c *call) (answer, error) {
	apply, err := c.patch()
	if err != nil {
		return answer{}, err
	}
	return a.changeTenant(c, "change", apply, nil)
}

func (a *API) disableTenant(c *call) (answer, error) {
	disabled := true
	return a.changeTenant(c, switched(disabled), nil, &disabled)
}

func (a *API) enableTenant(c *call) (answer, error) {
	disabled := false
	return a.changeTenant(c, switched(disabled), nil, &disabled)
}

func (a *API) changeTenant(c *call, action string, update func([]byte) []byte, disabled *bool) (answer, error) {
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	before, err := a.getTenant(c)
	if err != nil {
		return answer{}, err
	}
	changed, err := a.Registry.ChangeTenant(c.Context(), c.PathValue("tenant"), version, update, disabled)
	if err != nil {
		return answer{}, err
	}
	shown := showTenant(changed)
	c.record(a, action, "tenant", changed.Name, changed.Name, changedMembers(before.body.(map[string]any), shown)...) //nolint:forcetypeassert // it is what showTenant makes
	return answer{body: shown, version: changed.Version}, nil
}

func (a *API) deleteTenant(c *call) (answer, error) {
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	name := c.PathValue("tenant")
	if err := a.Registry.DeleteTenant(c.Context(), name, version); err != nil {
		return answer{}, err
	}
	c.record(a, "delete", "tenant", name, name)
	return answer{}, nil
}

func showWorkspace(ws *registry.Workspace) map[string]any {
	shown := document.Encode(*ws.Workspace)
	delete(shown, "clients") // they are resources of their own
	delete(shown, "users")
	state := stateOf(ws.Meta)
	state["issuer"], state["served"] = ws.Issuer(), ws.Live
	shown[stateMember] = state
	return shown
}

func (a *API) listWorkspaces(c *call) (answer, error) {
	limit, after, err := c.span()
	if err != nil {
		return answer{}, err
	}
	current := a.Registry.Current()
	if current.Tenant(c.PathValue("tenant")) == nil {
		return answer{}, errNoResource
	}
	var all []*registry.Workspace
	for _, ws := range current.Workspaces() {
		if ws.Tenant == c.PathValue("tenant") {
			all = append(all, ws)
		}
	}
	return answer{body: pageOf(all, limit, after, func(one *registry.Workspace) string { return one.Name }, showWorkspace)}, nil
}

func (a *API) getWorkspace(c *call) (answer, error) {
	ws, err := c.place(a)
	if err != nil {
		return answer{}, err
	}
	return answer{body: showWorkspace(ws), version: ws.Version}, nil
}

func (a *API) createWorkspace(c *call) (answer, error) {
	data, err := c.resource()
	if err != nil {
		return answer{}, err
	}
	made, err := a.Registry.CreateWorkspace(c.Context(), c.PathValue("tenant"), data)
	if err != nil {
		return answer{}, err
	}
	shown := showWorkspace(made)
	c.record(a, "create", "workspace", made.Key(), made.Name, changedMembers(nil, shown)...)
	return answer{body: shown, version: made.Version, location: "/tenants/" + made.Tenant + "/workspaces/" + made.Name}, nil
}

func (a *API) replaceWorkspace(c *call) (answer, error) {
	data, err := c.resource()
	if err != nil {
		return answer{}, err
	}
	return a.changeWorkspace(c, "change", func([]byte) []byte { return data }, nil)
}

func (a *API) patchWorkspace(c *call) (answer, error) {
	apply, err := c.patch()
	if err != nil {
		return answer{}, err
	}
	return a.changeWorkspace(c, "change", apply, nil)
}

func (a *API) disableWorkspace(c *call) (answer, error) {
	disabled := true
	return a.changeWorkspace(c, switched(disabled), nil, &disabled)
}

func (a *API) enableWorkspace(c *call) (answer, error) {
	disabled := false
	return a.changeWorkspace(c, switched(disabled), nil, &disabled)
}

func (a *API) changeWorkspace(c *call, action string, update func([]byte) []byte, disabled *bool) (answer, error) {
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	before, err := a.getWorkspace(c)
	if err != nil {
		return answer{}, err
	}
	changed, err := a.Registry.ChangeWorkspace(c.Context(), c.key(), version, update, disabled)
	if err != nil {
		return answer{}, err
	}
	shown := showWorkspace(changed)
	c.record(a, action, "workspace", changed.Key(), changed.Name, changedMembers(before.body.(map[string]any), shown)...) //nolint:forcetypeassert // it is what showWorkspace makes
	return answer{body: shown, version: changed.Version}, nil
}

func (a *API) deleteWorkspace(c *call) (answer, error) {
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	if err := a.Registry.DeleteWorkspace(c.Context(), c.key(), version); err != nil {
		return answer{}, err
	}
	c.record(a, "delete", "workspace", c.key(), c.PathValue("workspace"))
	return answer{}, nil
}
