package adminapi

import (
	"crypto/rand"

	"cloakroom/authserver/document"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// disableUser keeps a user out: no sign-in, and what was begun ends (ASVS 7.4.2).
func (a *API) disableUser(c *call) (answer, error) {
	return a.thenEnd(a.changeUser(c, "disable", func(user *store.Account) error {
		user.Disabled = true
		return nil
	}))(c)
}

func (a *API) enableUser(c *call) (answer, error) {
	return a.changeUser(c, "enable", func(user *store.Account) error {
		user.Disabled = false
		return nil
	})
}

// deleteUser forgets a user: who comes again, from an upstream provider too, is somebody else. The sessions end first, so that the applications
// are told; whom the configuration file names would only be there again after the next start.
func (a *API) deleteUser(c *call) (answer, error) {
	ws, user, err := c.changeableUser(a)
	if err != nil {
		return answer{}, err
	}
	if _, err := a.EndUser(c.Context(), ws.Key(), user.Subject); err != nil {
		return answer{}, err
	}
	if err := a.Accounts.DeleteAccount(c.Context(), ws.Key(), user.Subject, user.Version); err != nil {
		return answer{}, err
	}
	c.record(a, "delete", "user", ws.Key(), user.Subject)
	return answer{}, nil
}

// thenEnd ends the user's sessions after a change that was made.
func (a *API) thenEnd(given answer, err error) func(c *call) (answer, error) {
	return func(c *call) (answer, error) {
		if err != nil {
			return answer{}, err
		}
		if _, err := a.EndUser(c.Context(), c.key(), c.PathValue("user")); err != nil {
			return answer{}, err
		}
		return given, nil
	}
}

// setPassword sets a password that the caller has chosen, and ends the user's sessions.
func (a *API) setPassword(c *call) (answer, error) {
	data, err := c.document(jsonType)
	if err != nil {
		return answer{}, err
	}
	password, rest, problems := takePassword(data)
	problems = append(problems, document.Decode(rest, &struct{}{})...)
	if password == nil && len(problems) == 0 {
		problems = append(problems, document.Problem{Pointer: "/" + passwordMember, Detail: "is missing"})
	}
	if len(problems) > 0 {
		return answer{}, invalid(problems)
	}
	return a.thenEnd(a.changeUser(c, "set-password", func(user *store.Account) error {
		if problems := passwordProblems(*password, user.Username); len(problems) > 0 {
			return invalid(problems)
		}
		return a.hash(c, user, *password)
	}))(c)
}

func (a *API) hash(c *call, user *store.Account, password string) (err error) {
	user.PasswordHash, err = a.Hasher.Hash(c.Context(), password)
	return err
}

// resetPassword replaces the password by a random one, which is told this once, and ends the user's sessions.
func (a *API) resetPassword(c *call) (answer, error) {
	password := oauth.Secret(rand.Text())
	given, err := a.thenEnd(a.changeUser(c, "reset-password", func(user *store.Account) error { return a.hash(c, user, password.Reveal()) }))(c)
	if err != nil {
		return answer{}, err
	}
	given.body.(map[string]any)[passwordMember] = password.Reveal() //nolint:forcetypeassert // it is what showUser makes
	return given, nil
}

// endSessions signs the user out everywhere. It changes nothing that is configured, so users of the configuration have it too.
func (a *API) endSessions(c *call) (answer, error) {
	ws, user, err := c.user(a)
	if err != nil {
		return answer{}, err
	}
	ended, err := a.EndUser(c.Context(), ws.Key(), user.Subject)
	if err != nil {
		return answer{}, err
	}
	c.record(a, "end-sessions", "user", ws.Key(), user.Subject)
	return answer{body: map[string]any{"ended": ended}}, nil
}
