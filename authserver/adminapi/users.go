package adminapi

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"

	"cloakroom/authserver/account"
	"cloakroom/authserver/document"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
)

// listUsers lists users by name; q narrows it to the names that begin with it.
func (a *API) listUsers(c *call) (answer, error) {
	ws, err := c.place(a)
	if err != nil {
		return answer{}, err
	}
	limit, after, err := c.span("q")
	if err != nil {
		return answer{}, err
	}
	prefix := c.URL.Query().Get("q")
	if canonical, err := account.Canonical(prefix); err == nil { // names are kept in one spelling
		prefix = canonical
	}
	users, err := a.Accounts.ListAccounts(c.Context(), ws.Key(), prefix, after, limit+1)
	if err != nil {
		return answer{}, err
	}
	page := list{Items: []map[string]any{}}
	for at, user := range users {
		if at == limit {
			page.NextCursor = cursorOf(users[limit-1].Username)
			break
		}
		page.Items = append(page.Items, showUser(ws, user))
	}
	return answer{body: page}, nil
}

// user is the user of the path.
func (c *call) user(a *API) (*registry.Workspace, store.Account, error) {
	ws, err := c.place(a)
	if err != nil {
		return nil, store.Account{}, err
	}
	user, err := a.Accounts.Account(c.Context(), ws.Key(), c.PathValue("user"))
	return ws, user, err
}

// changeableUser is a user who is not the configuration's, in the version that the caller has read.
func (c *call) changeableUser(a *API) (*registry.Workspace, store.Account, error) {
	version, err := c.version()
	if err != nil {
		return nil, store.Account{}, err
	}
	ws, user, err := c.user(a)
	switch {
	case err != nil:
		return nil, store.Account{}, err
	case managedUser(ws, user.Username):
		return nil, store.Account{}, errManaged
	case version != 0 && version != user.Version:
		return nil, store.Account{}, errStale
	}
	return ws, user, nil
}

func (a *API) getUser(c *call) (answer, error) {
	ws, user, err := c.user(a)
	if err != nil {
		return answer{}, err
	}
	return answer{body: showUser(ws, user), version: user.Version}, nil
}

// createUser makes a user, with a password or without: a user without one can sign in when one is set.
func (a *API) createUser(c *call) (answer, error) {
	ws, err := c.place(a)
	if err != nil {
		return answer{}, err
	}
	data, err := c.resource()
	if err != nil {
		return answer{}, err
	}
	password, rest, problems := takePassword(data)
	given := new(userDocument)
	problems = append(problems, document.Decode(rest, given)...)
	problems = append(problems, given.problems()...)
	if password != nil {
		problems = append(problems, passwordProblems(*password, given.Username)...)
	}
	if len(problems) > 0 {
		return answer{}, invalid(problems)
	}
	now := a.Now()
	user := store.Account{Workspace: ws.Key(), Subject: rand.Text(), Username: given.Username, Claims: given.Claims, Created: now, Updated: now}
	if password == nil {
		unknown := rand.Text() // nobody knows it: the account is there, and its password is to be set
		password = &unknown
	}
	if user.PasswordHash, err = a.Hasher.Hash(c.Context(), *password); err != nil {
		return answer{}, err
	}
	if err := a.Accounts.SaveAccount(c.Context(), user); err != nil {
		if errors.Is(err, store.ErrConflict) {
			err = errExists
		}
		return answer{}, err
	}
	user.Version = 1
	shown := showUser(ws, user)
	c.record(a, "create", "user", ws.Key(), user.Subject, changedMembers(nil, shown)...)
	return answer{body: shown, version: 1, location: "/tenants/" + ws.Tenant + "/workspaces/" + ws.Name + "/users/" + user.Subject}, nil
}

func (a *API) replaceUser(c *call) (answer, error) {
	data, err := c.resource()
	if err != nil {
		return answer{}, err
	}
	return a.changeUserDocument(c, func([]byte) []byte { return data })
}

func (a *API) patchUser(c *call) (answer, error) {
	apply, err := c.patch()
	if err != nil {
		return answer{}, err
	}
	return a.changeUserDocument(c, apply)
}

func (a *API) changeUserDocument(c *call, update func(given []byte) []byte) (answer, error) {
	return a.changeUser(c, "change", func(user *store.Account) error {
		before := map[string]any{"username": user.Username}
		if len(user.Claims) > 0 {
			before["claims"] = user.Claims
		}
		text, err := json.Marshal(before)
		if err != nil {
			return err
		}
		given := new(userDocument)
		problems := document.Decode(update(text), given)
		if problems = append(problems, given.problems()...); len(problems) > 0 {
			return invalid(problems)
		}
		user.Username, user.Claims = given.Username, maps.Clone(given.Claims)
		return nil
	})
}

// changeUser makes one change to a user that is not the configuration's.
func (a *API) changeUser(c *call, action string, change func(*store.Account) error) (answer, error) {
	ws, user, err := c.changeableUser(a)
	if err != nil {
		return answer{}, err
	}
	before := showUser(ws, user)
	if err := change(&user); err != nil {
		return answer{}, err
	}
	user.Updated = a.Now()
	if err := a.save(c, ws, user); err != nil {
		return answer{}, err
	}
	user.Version++
	shown := showUser(ws, user)
	c.record(a, action, "user", ws.Key(), user.Subject, changedMembers(before, shown)...)
	return answer{body: shown, version: user.Version}, nil
}

// save keeps a user who was read before: somebody else's change meanwhile is one to look at, and a name that another has is taken.
func (a *API) save(c *call, ws *registry.Workspace, user store.Account) error {
	err := a.Accounts.SaveAccount(c.Context(), user)
	if !errors.Is(err, store.ErrConflict) {
		return err
	}
	if other, found := a.Accounts.AccountByName(c.Context(), ws.Key(), user.Username); found == nil && other.Subject != user.Subject {
		return errExists
	}
	return errStale
}
