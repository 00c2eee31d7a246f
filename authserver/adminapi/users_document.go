package adminapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"cloakroom/authserver/account"
	"cloakroom/authserver/document"
	"cloakroom/authserver/oauth"
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
	for _, name := range slices.Sorted(maps.Keys(d.Claims)) {
		if err := oauth.CheckClaim(name, d.Claims[name]); err != nil {
			problems = append(problems, document.Problem{Pointer: "/claims/" + name, Detail: err.Error()})
		}
	}
	return problems
}

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
