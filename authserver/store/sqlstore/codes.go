package sqlstore

import (
	"context"

	"cloakroom/authserver/store"
)

const insertCode = `INSERT INTO codes (workspace, id, secret_hash, grant_id, client_id, redirect_uri, redirect_given, code_challenge,
	nonce, dpop_jkt, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`

const selectCode = `SELECT secret_hash, grant_id, client_id, redirect_uri, redirect_given, code_challenge, nonce, dpop_jkt, expires, used
	FROM codes WHERE workspace = $1 AND id = $2`

// IssueCode keeps a grant and its code, unless the session that it came from is gone.
func (s *Store) IssueCode(ctx context.Context, code store.Code, grant store.Grant) error {
	return s.update(ctx, "issue code", func(ctx context.Context, tx *tx) error {
		if err := holdSession(ctx, tx, grant); err != nil {
			return err
		}
		if err := insertGrant(ctx, tx, grant); err != nil {
			return err
		}
		return tx.change(ctx, store.ErrConflict, insertCode, code.Workspace, code.ID, code.SecretHash[:], code.GrantID, code.ClientID,
			code.RedirectURI, flag(code.RedirectGiven), code.CodeChallenge, code.Nonce, code.DPoPJKT, millis(code.Expires))
	})
}

// holdSession makes sure that a grant's session is there until the transaction ends: changing nothing in its row takes the row's
// lock in every database, so a sign-out comes before this transaction or after it.
func holdSession(ctx context.Context, tx *tx, grant store.Grant) error {
	if grant.SessionID == "" {
		return nil
	}
	return tx.change(ctx, store.ErrRevoked,
		`UPDATE sessions SET seen = seen WHERE workspace = $1 AND id = $2`, grant.Workspace, grant.SessionID)
}

// RedeemCode marks a code used, once, and keeps what redeem issues for it.
func (s *Store) RedeemCode(ctx context.Context, workspace string, handle store.Handle, redeem func(store.Code, store.Grant) store.Issued) (code store.Code, grant store.Grant, err error) {
	err = s.update(ctx, "redeem code", func(ctx context.Context, tx *tx) error {
		if code, grant, err = s.code(ctx, tx, workspace, handle); err != nil {
			return err
		}
		if err := tx.change(ctx, store.ErrConsumed,
			`UPDATE codes SET used = 1 WHERE workspace = $1 AND id = $2 AND used = 0`, workspace, handle.ID); err != nil || redeem == nil {
			return err
		}
		return keep(ctx, tx, workspace, grant.ID, redeem(code, grant))
	})
	return code, grant, err
}

// code finds a code that can be used, and its grant.
func (s *Store) code(ctx context.Context, from reader, workspace string, handle store.Handle) (store.Code, store.Grant, error) {
	code, used, err := loadCode(ctx, from, workspace, handle.ID)
	if err != nil {
		return store.Code{}, store.Grant{}, err
	}
	if !code.SecretHash.Equal(handle.Hash()) {
		return store.Code{}, store.Grant{}, store.ErrNotFound
	}
	grant, err := loadGrant(ctx, from, workspace, code.GrantID)
	now := s.now()
	switch {
	case err != nil:
		return store.Code{}, store.Grant{}, err
	case used:
		return code, grant, store.ErrConsumed
	case !code.Expires.After(now) || !grant.Expires.After(now):
		return store.Code{}, store.Grant{}, store.ErrNotFound
	case !grant.Revoked.IsZero():
		return code, grant, store.ErrRevoked
	default:
		return code, grant, nil
	}
}

func loadCode(ctx context.Context, from reader, workspace, id string) (code store.Code, used bool, err error) {
	loaded := store.Code{Workspace: workspace, ID: id}
	err = from.row(ctx, selectCode, workspace, id).Scan(digest{&loaded.SecretHash}, &loaded.GrantID, &loaded.ClientID,
		&loaded.RedirectURI, &loaded.RedirectGiven, &loaded.CodeChallenge, &loaded.Nonce, &loaded.DPoPJKT,
		instant{&loaded.Expires}, &used)
	if err != nil {
		return store.Code{}, false, err
	}
	return loaded, used, nil
}
