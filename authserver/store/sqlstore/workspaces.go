package sqlstore

import (
	"context"

	"cloakroom/authserver/store"
)

// workspaceTables are the tables whose records are of a workspace, in an order in which what hangs on another goes before it.
var workspaceTables = []string{
	"pushed_requests", "interactions", "codes", "refresh_tokens", "access_tokens", "grants", "sessions", "consents", "recovery_codes",
	"factors", "identities", "accounts", "signing_keys", "used_values",
}

// emptyWorkspace deletes all that is kept in a workspace; registrations of other kinds keep nothing.
func emptyWorkspace(ctx context.Context, tx *tx, of store.Registration) error {
	if of.Kind != store.KindWorkspace {
		return nil
	}
	for _, table := range workspaceTables {
		if _, err := tx.exec(ctx, "DELETE FROM "+table+" WHERE workspace = $1", of.Parent+"/"+of.Name); err != nil {
			return err
		}
	}
	return nil
}

// emptyDeleted empties the workspaces whose end every instance has heard of, and which nobody has made again since: what one kept in them
// before it heard goes too.
func emptyDeleted(ctx context.Context, tx *tx, end int64) error {
	deleted, err := list(ctx, tx, scanRegistration, selectRegistration+`WHERE kind = 'workspace' AND deleted = 1 AND updated <= $1`, end)
	if err != nil {
		return err
	}
	for _, one := range deleted {
		if err := emptyWorkspace(ctx, tx, one); err != nil {
			return err
		}
	}
	return nil
}
