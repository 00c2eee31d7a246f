package adminapi

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"maps"

	"cloakroom/authserver/account"
	"cloakroom/authserver/document"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
)

// userDocument is what is said of a user.
type userDocument struct {
	Username string         `yaml:"username"`
	Claims   map[string]any `yaml:"claims"` // OpenID Connect Core §5.1
}

// maxClaims bounds what is kept of a user, as JSON.
const maxClaims = 16 << 10

// managedUser reports whether the configuration file names the user.
func managedUser(ws *registry.Workspace, username string) bool {
	for _, user := range ws.Users {
		if name, err := account.Canonical(user.Username); err == nil && name == username {
			return true
		}
	}
	return false
}

func showUser(ws *registry.Workspace, user store.Account) map[string]any {
	shown := map[string]any{"username": user.Username, stateMember: map[string]any{
		"subject": user.Subject, "managed": managedUser(ws, user.Username), "disabled": user.Disabled, "password": user.PasswordHash != "",
		"version": user.Version, "created": user.Created.UTC(), "updated": user.Updated.UTC(),
	}}
	if len(user.Claims) > 0 {
		shown["claims"] = user.Claims
	}
	return shown
}

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

func (a *API) getUser(c *call) (answer, error) {
	ws, user, err := c.user(a)
	if err != nil {
		return answer{}, err
	}
	return answer{body: showUser(ws, user), version: user.Version}, nil
}

func (d *userDocument) problems() []document.Problem {
	var problems []document.Problem
	name, err := account.Canonical(d.Username)
	if err != nil {
		problems = append(problems, document.Problem{Pointer: "/username", Detail: err.Error()})
	}
	d.Username = name
	if text, err := json.Marshal(d.Claims); err != nil || len(text) > maxClaims {
		problems = append(problems, document.Problem{Pointer: "/claims", Detail: fmt.Sprintf("are more than %d bytes", maxClaims)})
	}
	if _, given := d.Claims["sub"]; given {
		problems = append(problems, document.Problem{Pointer: "/claims/sub", Detail: "is given by the server"})
	}
	return problems
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

const passwordMember = "password"

// takePassword takes the password out of a document, so that it is in nothing that is kept, shown or recorded.
func takePassword(data []byte) (password *string, rest []byte, problems []document.Problem) {
	var given map[string]json.RawMessage
	_ = json.Unmarshal(data, &given) // an object: it was checked
	text, found := given[passwordMember]
	if !found {
		return nil, data, nil
	}
	if err := json.Unmarshal(text, &password); err != nil {
		problems = append(problems, document.Problem{Pointer: "/" + passwordMember, Detail: "has to be a text"})
	}
	return password, document.Merge(data, []byte(`{"`+passwordMember+`":null}`)), problems
}

// passwordProblems holds a password to what users are held to.
func passwordProblems(password, username string) []document.Problem {
	if err := account.CheckPassword(password, username); err != nil {
		return []document.Problem{{Pointer: "/" + passwordMember, Detail: err.Error()}}
	}
	return nil
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
	version, err := c.version()
	if err != nil {
		return answer{}, err
	}
	ws, user, err := c.user(a)
	switch {
	case err != nil:
		return answer{}, err
	case managedUser(ws, user.Username):
		return answer{}, errManaged
	case version != 0 && version != user.Version:
		return answer{}, errStale
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
