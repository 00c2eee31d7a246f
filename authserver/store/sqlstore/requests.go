package sqlstore

import (
	"context"

	"cloakroom/authserver/store"
)

const selectRequest = `SELECT client_id, parameters, dpop_jkt, expires, used FROM pushed_requests WHERE workspace = $1 AND id = $2`

// PushRequest keeps a pushed authorization request.
func (s *Store) PushRequest(ctx context.Context, request store.PushedRequest) error {
	return s.insert(ctx, "push request",
		`INSERT INTO pushed_requests (workspace, id, client_id, parameters, dpop_jkt, expires) VALUES ($1, $2, $3, $4, $5, $6)`,
		request.Workspace, request.ID, request.ClientID, request.Parameters, request.DPoPJKT, millis(request.Expires))
}

// PushedRequest returns a request that can still be loaded.
func (s *Store) PushedRequest(ctx context.Context, workspace, id string) (store.PushedRequest, error) {
	request, used, err := loadRequest(ctx, s, workspace, id)
	switch {
	case err != nil:
		return store.PushedRequest{}, answer("load pushed request", err)
	case used:
		return request, store.ErrConsumed
	case !request.Expires.After(s.now()):
		return store.PushedRequest{}, store.ErrNotFound
	default:
		return request, nil
	}
}

// ConsumeRequest marks a request used, once.
func (s *Store) ConsumeRequest(ctx context.Context, workspace, id string) (request store.PushedRequest, err error) {
	err = s.update(ctx, "consume pushed request", func(ctx context.Context, tx *tx) error {
		var used bool
		if request, used, err = loadRequest(ctx, tx, workspace, id); err != nil {
			return err
		}
		if used {
			return store.ErrConsumed
		}
		return tx.change(ctx, store.ErrConsumed,
			`UPDATE pushed_requests SET used = 1 WHERE workspace = $1 AND id = $2 AND used = 0`, workspace, id)
	})
	return request, err
}

func loadRequest(ctx context.Context, from reader, workspace, id string) (request store.PushedRequest, used bool, err error) {
	loaded := store.PushedRequest{Workspace: workspace, ID: id}
	err = from.row(ctx, selectRequest, workspace, id).
		Scan(&loaded.ClientID, &loaded.Parameters, &loaded.DPoPJKT, instant{&loaded.Expires}, &used)
	if err != nil {
		return store.PushedRequest{}, false, err
	}
	return loaded, used, nil
}
