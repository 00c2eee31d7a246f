package memory

import (
	"context"
	"slices"

	"cloakroom/authserver/store"
)

// PushRequest keeps a pushed authorization request.
func (s *Store) PushRequest(ctx context.Context, request store.PushedRequest) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	return add(s.requests, key{request.Workspace, request.ID}, single[store.PushedRequest]{record: request})
}

// PushedRequest returns a request that can still be loaded.
func (s *Store) PushedRequest(ctx context.Context, workspace, id string) (store.PushedRequest, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.PushedRequest{}, err
	}
	defer unlock()
	request, found := s.requests[key{workspace, id}]
	switch {
	case !found:
		return store.PushedRequest{}, store.ErrNotFound
	case request.used:
		return request.record, store.ErrConsumed
	case !s.live(request.record.Expires):
		return store.PushedRequest{}, store.ErrNotFound
	default:
		return request.record, nil
	}
}

// ConsumeRequest marks a request used, once.
func (s *Store) ConsumeRequest(ctx context.Context, workspace, id string) (store.PushedRequest, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.PushedRequest{}, err
	}
	defer unlock()
	request, found := s.requests[key{workspace, id}]
	switch {
	case !found:
		return store.PushedRequest{}, store.ErrNotFound
	case request.used:
		return request.record, store.ErrConsumed
	default:
		request.used = true
		return request.record, nil
	}
}

// StartInteraction keeps the state of a user's way through the forms.
func (s *Store) StartInteraction(ctx context.Context, interaction store.Interaction) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	interaction.State = slices.Clone(interaction.State)
	return add(s.interactions, key{interaction.Workspace, interaction.ID}, single[store.Interaction]{record: interaction})
}

// Interaction returns a live interaction to the holder of its secret.
func (s *Store) Interaction(ctx context.Context, workspace string, handle store.Handle) (store.Interaction, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Interaction{}, err
	}
	defer unlock()
	_, record, err := s.interaction(workspace, handle)
	return record, err
}

// ConsumeInteraction ends an interaction, once.
func (s *Store) ConsumeInteraction(ctx context.Context, workspace string, handle store.Handle) (store.Interaction, error) {
	unlock, err := s.lock(ctx)
	if err != nil {
		return store.Interaction{}, err
	}
	defer unlock()
	interaction, record, err := s.interaction(workspace, handle)
	if err == nil {
		interaction.used = true
	}
	return record, err
}

// interaction finds a live interaction and returns it with a copy of its record.
func (s *Store) interaction(workspace string, handle store.Handle) (*single[store.Interaction], store.Interaction, error) {
	interaction, found := s.interactions[key{workspace, handle.ID}]
	if !found || !interaction.record.SecretHash.Equal(handle.Hash()) {
		return nil, store.Interaction{}, store.ErrNotFound
	}
	record := interaction.record
	record.State = slices.Clone(record.State)
	switch {
	case interaction.used:
		return interaction, record, store.ErrConsumed
	case !s.live(record.Expires):
		return nil, store.Interaction{}, store.ErrNotFound
	default:
		return interaction, record, nil
	}
}

// UpdateInteraction replaces an interaction whose version is still the stored one.
func (s *Store) UpdateInteraction(ctx context.Context, update store.Interaction) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	interaction, found := s.interactions[key{update.Workspace, update.ID}]
	switch {
	case !found:
		return store.ErrNotFound
	case interaction.used:
		return store.ErrConsumed
	case !s.live(interaction.record.Expires):
		return store.ErrNotFound
	case interaction.record.Version != update.Version:
		return store.ErrConflict
	}
	update.State = slices.Clone(update.State)
	update.Version++
	interaction.record = update
	return nil
}
