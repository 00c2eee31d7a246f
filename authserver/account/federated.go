package account

import (
	"crypto/rand"
	"strings"
	"time"

	"cloakroom/authserver/store"
)

// ForIdentity makes an account for somebody who signs in at an upstream provider. Its user name is a random one: a name of the
// provider's choice could be, or become, that of somebody here. It has no password, so that nobody signs in with one.
func ForIdentity(workspace, source string, claims map[string]any, now time.Time) store.Account {
	return store.Account{
		Workspace: workspace, Subject: newSubject(), Username: source + "-" + strings.ToLower(rand.Text()[:12]), Claims: claims,
		Created: now, Updated: now,
	}
}
