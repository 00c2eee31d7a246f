package sqlstore

import (
	"context"
	"encoding/json"

	"cloakroom/authserver/store"
)

// StartInteraction keeps the state of a user's way through the forms.
func (s *Store) StartInteraction(ctx context.Context, interaction store.Interaction) error {
	return s.insert(ctx, "start interaction",
		`INSERT INTO interactions (workspace, id, secret_hash, state, version, expires) VALUES ($1, $2, $3, $4, $5, $6)`,
		interaction.Workspace, interaction.ID, interaction.SecretHash[:], string(interaction.State), interaction.Version,
		millis(interaction.Expires))
}

// Interaction returns a live interaction to the holder of its secret.
func (s *Store) Interaction(ctx context.Context, workspace string, handle store.Handle) (store.Interaction, error) {
	interaction, err := s.interaction(ctx, s, workspace, handle)
	return interaction, answer("load interaction", err)
}

// ConsumeInteraction ends an interaction, once.
func (s *Store) ConsumeInteraction(ctx context.Context, workspace string, handle store.Handle) (interaction store.Interaction, err error) {
	err = s.update(ctx, "consume interaction", func(ctx context.Context, tx *tx) error {
		if interaction, err = s.interaction(ctx, tx, workspace, handle); err != nil {
			return err
		}
		return tx.change(ctx, store.ErrConsumed,
			`UPDATE interactions SET used = 1 WHERE workspace = $1 AND id = $2 AND used = 0`, workspace, handle.ID)
	})
	return interaction, err
}

// interaction finds a live interaction by its handle; ErrConsumed, with it, when it has ended.
func (s *Store) interaction(ctx context.Context, from reader, workspace string, handle store.Handle) (store.Interaction, error) {
	interaction, used, err := loadInteraction(ctx, from, workspace, handle.ID)
	switch {
	case err != nil:
		return store.Interaction{}, err
	case !interaction.SecretHash.Equal(handle.Hash()):
		return store.Interaction{}, store.ErrNotFound
	case used:
		return interaction, store.ErrConsumed
	case !interaction.Expires.After(s.now()):
		return store.Interaction{}, store.ErrNotFound
	default:
		return interaction, nil
	}
}

// UpdateInteraction replaces an interaction whose version is still the stored one.
func (s *Store) UpdateInteraction(ctx context.Context, update store.Interaction) error {
	return s.update(ctx, "update interaction", func(ctx context.Context, tx *tx) error {
		stored, used, err := loadInteraction(ctx, tx, update.Workspace, update.ID)
		switch {
		case err != nil:
			return err
		case used:
			return store.ErrConsumed
		case !stored.Expires.After(s.now()):
			return store.ErrNotFound
		}
		return tx.change(ctx, store.ErrConflict,
			`UPDATE interactions SET secret_hash = $3, state = $4, expires = $5, version = version + 1
			WHERE workspace = $1 AND id = $2 AND version = $6 AND used = 0`,
			update.Workspace, update.ID, update.SecretHash[:], string(update.State), millis(update.Expires), update.Version)
	})
}

func loadInteraction(ctx context.Context, from reader, workspace, id string) (interaction store.Interaction, used bool, err error) {
	loaded := store.Interaction{Workspace: workspace, ID: id}
	var state string
	err = from.row(ctx, `SELECT secret_hash, state, version, expires, used FROM interactions WHERE workspace = $1 AND id = $2`, workspace, id).
		Scan(digest{&loaded.SecretHash}, &state, &loaded.Version, instant{&loaded.Expires}, &used)
	if err != nil {
		return store.Interaction{}, false, err
	}
	loaded.State = json.RawMessage(state)
	return loaded, used, nil
}
