package sqlstore

import (
	"context"
	"crypto/sha256"
	"time"

	"cloakroom/authserver/store"
)

// AddKey keeps a signing key.
func (s *Store) AddKey(ctx context.Context, key store.Key) error {
	return s.insert(ctx, "add key",
		`INSERT INTO signing_keys (workspace, id, algorithm, sealed, created, active, retired, expires) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
		key.Workspace, key.ID, key.Algorithm, append([]byte{}, key.Sealed...), millis(key.Created), millis(key.Active), millis(key.Retired),
		millis(key.Expires))
}

// Keys lists a workspace's signing keys, oldest first.
func (s *Store) Keys(ctx context.Context, workspace string) ([]store.Key, error) {
	keys, err := list(ctx, s, scanKey, `SELECT workspace, id, algorithm, sealed, created, active, retired, expires
		FROM signing_keys WHERE workspace = $1 ORDER BY created, id`, workspace)
	return keys, answer("list keys", err)
}

func scanKey(from row) (store.Key, error) {
	var key store.Key
	err := from.Scan(&key.Workspace, &key.ID, &key.Algorithm, &key.Sealed, instant{&key.Created}, instant{&key.Active},
		instant{&key.Retired}, instant{&key.Expires})
	return key, err
}

// UpdateKey replaces the instants of a signing key.
func (s *Store) UpdateKey(ctx context.Context, key store.Key) error {
	return s.update(ctx, "update key", func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrNotFound,
			`UPDATE signing_keys SET created = $3, active = $4, retired = $5, expires = $6 WHERE workspace = $1 AND id = $2`,
			key.Workspace, key.ID, millis(key.Created), millis(key.Active), millis(key.Retired), millis(key.Expires))
	})
}

// UseOnce marks a value as used until expires. Its hash is kept, so that a long value costs no more than a short one.
func (s *Store) UseOnce(ctx context.Context, workspace, use, value string, expires time.Time) error {
	hash := sha256.Sum256([]byte(value))
	return s.update(ctx, "use once", func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrConsumed,
			`INSERT INTO used_values (workspace, purpose, value_hash, expires) VALUES ($1, $2, $3, $4)
			ON CONFLICT (workspace, purpose, value_hash) DO UPDATE SET expires = excluded.expires WHERE used_values.expires <= $5`,
			workspace, use, hash[:], millis(expires), millis(s.now()))
	})
}
