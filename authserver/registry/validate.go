package registry

import (
	"regexp"
	"slices"
	"strings"

	"cloakroom/authserver/client"
	"cloakroom/authserver/document"
	"cloakroom/authserver/workspace"
)

// readWorkspace reads and validates a workspace's document, by the rules of the configuration.
func (r *Registry) readWorkspace(tenant, name string, data []byte) (*workspace.Workspace, []document.Problem) {
	ws := new(workspace.Workspace)
	problems := document.Decode(data, ws)
	if ws.Name != "" && ws.Name != name {
		problems = append(problems, document.Problem{Pointer: "/name", Detail: "cannot be changed: it is part of the issuer"})
	}
	if len(ws.Clients) > 0 {
		problems = append(problems, document.Problem{Pointer: "/clients", Detail: "are made one by one, under …/clients"})
	}
	if len(ws.Users) > 0 {
		problems = append(problems, document.Problem{Pointer: "/users", Detail: "are made one by one, under …/users"})
	}
	if slices.ContainsFunc(ws.Sources, func(source workspace.Source) bool { return source.Type == workspace.SourceOIDC }) {
		problems = append(problems, document.Problem{Pointer: "/identity_sources", Detail: "an upstream provider is configured in the file, which names where its secret is"})
	}
	ws.Tenant, ws.Base, ws.Name, ws.Clients, ws.Users = tenant, r.settings.Base, name, nil, nil
	ws.SetDefaults()
	if len(problems) > 0 {
		return ws, problems
	}
	return ws, r.problems(ws)
}

// readClient reads and validates a client of a workspace.
func (r *Registry) readClient(ws *workspace.Workspace, id string, record clientRecord) (*client.Client, []document.Problem) {
	c := new(client.Client)
	problems := document.Decode(record.Client, c)
	if c.ID != "" && c.ID != id {
		problems = append(problems, document.Problem{Pointer: "/id", Detail: "cannot be changed"})
	}
	c.ID = id
	record.fill(c)
	c.SetDefaults()
	if len(problems) > 0 {
		return c, problems
	}
	alone := *ws
	alone.Clients, alone.Users = []client.Client{*c}, nil
	return c, r.problems(&alone)
}

func (r *Registry) problems(ws *workspace.Workspace) []document.Problem {
	errs := ws.Problems()
	if r.settings.Check != nil {
		errs = append(errs, r.settings.Check(ws)...)
	}
	var problems []document.Problem
	for _, err := range errs {
		problems = append(problems, placed(err.Error()))
	}
	return problems
}

// What the rules of the configuration say before the name of a key: the place in the file, which a document of one thing does not have.
var (
	placePattern  = regexp.MustCompile(`^(?:workspace [a-z0-9/-]+|client "[^"]*"|user "[^"]*"): `)
	presetPattern = regexp.MustCompile(`^(preset [a-z0-9]+): (.*)$`)
	keyPattern    = regexp.MustCompile(`^([a-z][a-z0-9_]*)(?: "[^"]*")?: `)
)

// placed turns a problem as the configuration's rules tell it (preset fapi2: client "web": pkce: has to be required) into the place
// within the document, and the rest.
func placed(text string) document.Problem {
	var problem document.Problem
	suffix := ""
	for {
		if place := placePattern.FindString(text); place != "" {
			text = text[len(place):]
			continue
		}
		if preset := presetPattern.FindStringSubmatch(text); preset != nil {
			text, suffix = preset[2], " ("+preset[1]+")"
			continue
		}
		key := keyPattern.FindStringSubmatch(text)
		if key == nil {
			break
		}
		problem.Pointer += "/" + key[1]
		text = text[len(key[0]):]
	}
	for list, thing := range map[string]string{"/scopes": "scope ", "/identity_sources": "identity source "} {
		if strings.HasPrefix(text, thing) {
			problem.Pointer = list
		}
	}
	problem.Detail = text + suffix
	return problem
}
