package storetest

import (
	"encoding/json"
	"time"

	"cloakroom/authserver/store"
)

var requests = []guarantee{
	{"a pushed request can be loaded again and again until it expires", func(s *suite) {
		request := s.pushRequest()
		for range 3 {
			got, err := s.PushedRequest(s.ctx(), workspace, request.ID)
			s.must(err)
			s.sameRequest(got, request)
		}
		s.clock.advance(time.Minute)
		_, err := s.PushedRequest(s.ctx(), workspace, request.ID)
		s.want(err, store.ErrNotFound)
	}},
	{"a pushed request is consumed once and shows that it was", func(s *suite) {
		request := s.pushRequest()
		got, err := s.ConsumeRequest(s.ctx(), workspace, request.ID)
		s.must(err)
		s.sameRequest(got, request)
		got, err = s.ConsumeRequest(s.ctx(), workspace, request.ID)
		s.want(err, store.ErrConsumed)
		s.sameRequest(got, request)
		got, err = s.PushedRequest(s.ctx(), workspace, request.ID)
		s.want(err, store.ErrConsumed)
		s.sameRequest(got, request)
	}},
	{"a pushed request is consumed by a user who was slow at the forms, still once", func(s *suite) {
		request := s.pushRequest()
		s.clock.advance(10 * time.Minute)
		_, err := s.Sweep(s.ctx(), s.now(), 100)
		s.must(err)
		_, err = s.ConsumeRequest(s.ctx(), workspace, request.ID)
		s.must(err)
		_, err = s.ConsumeRequest(s.ctx(), workspace, request.ID)
		s.want(err, store.ErrConsumed)
	}},
	{"a pushed request that is not there is not found", func(s *suite) {
		_, err := s.PushedRequest(s.ctx(), workspace, "absent")
		s.want(err, store.ErrNotFound)
		_, err = s.ConsumeRequest(s.ctx(), workspace, "absent")
		s.want(err, store.ErrNotFound)
	}},
	{"a pushed request does not replace another", func(s *suite) {
		request := s.pushRequest()
		replacement := request
		replacement.ClientID = "client-2"
		s.want(s.PushRequest(s.ctx(), replacement), store.ErrConflict)
		got, err := s.PushedRequest(s.ctx(), workspace, request.ID)
		s.must(err)
		s.sameRequest(got, request)
	}},
	{"an interaction is shown to the holder of its secret only", func(s *suite) {
		handle, interaction := s.startInteraction()
		got, err := s.Interaction(s.ctx(), workspace, handle)
		s.must(err)
		s.sameInteraction(got, interaction)
		_, err = s.Interaction(s.ctx(), workspace, s.wrong(handle))
		s.want(err, store.ErrNotFound)
		_, err = s.Interaction(s.ctx(), workspace, store.NewHandle(s.now()))
		s.want(err, store.ErrNotFound)
	}},
	{"an interaction expires", func(s *suite) {
		handle, interaction := s.startInteraction()
		s.clock.advance(10 * time.Minute)
		_, err := s.Interaction(s.ctx(), workspace, handle)
		s.want(err, store.ErrNotFound)
		s.want(s.UpdateInteraction(s.ctx(), interaction), store.ErrNotFound)
		_, err = s.ConsumeInteraction(s.ctx(), workspace, handle)
		s.want(err, store.ErrNotFound)
	}},
	{"an interaction is updated by the holder of its version", func(s *suite) {
		handle, interaction := s.startInteraction()
		interaction.State = json.RawMessage(`{"page":"consent"}`)
		s.must(s.UpdateInteraction(s.ctx(), interaction))
		stale := interaction
		stale.State = json.RawMessage(`{"page":"stale"}`)
		s.want(s.UpdateInteraction(s.ctx(), stale), store.ErrConflict)
		interaction.Version++
		got, err := s.Interaction(s.ctx(), workspace, handle)
		s.must(err)
		s.sameInteraction(got, interaction)
		s.must(s.UpdateInteraction(s.ctx(), got))
	}},
	{"an interaction can get a new secret, and the old one is worth nothing", func(s *suite) {
		handle, interaction := s.startInteraction()
		renewed := s.wrong(handle)
		interaction.SecretHash = renewed.Hash()
		s.must(s.UpdateInteraction(s.ctx(), interaction))
		_, err := s.Interaction(s.ctx(), workspace, handle)
		s.want(err, store.ErrNotFound)
		_, err = s.Interaction(s.ctx(), workspace, renewed)
		s.must(err)
	}},
	{"an interaction that is not there cannot be updated", func(s *suite) {
		s.want(s.UpdateInteraction(s.ctx(), store.Interaction{Workspace: workspace, ID: "absent"}), store.ErrNotFound)
	}},
	{"an interaction is consumed once, and by the holder of its secret only", func(s *suite) {
		handle, interaction := s.startInteraction()
		_, err := s.ConsumeInteraction(s.ctx(), workspace, s.wrong(handle))
		s.want(err, store.ErrNotFound)
		got, err := s.ConsumeInteraction(s.ctx(), workspace, handle)
		s.must(err)
		s.sameInteraction(got, interaction)
		got, err = s.ConsumeInteraction(s.ctx(), workspace, handle)
		s.want(err, store.ErrConsumed)
		s.sameInteraction(got, interaction)
		got, err = s.Interaction(s.ctx(), workspace, handle)
		s.want(err, store.ErrConsumed)
		s.sameInteraction(got, interaction)
		s.want(s.UpdateInteraction(s.ctx(), interaction), store.ErrConsumed)
	}},
	{"an interaction's state is the caller's own copy", func(s *suite) {
		handle, interaction := s.startInteraction()
		interaction.State[2] = 'X'
		got, err := s.Interaction(s.ctx(), workspace, handle)
		s.must(err)
		s.same("state", string(got.State), `{"page":"login"}`)
	}},
}

func (s *suite) pushRequest() store.PushedRequest {
	s.Helper()
	request := store.PushedRequest{
		Workspace: workspace, ID: store.NewID(s.now()), ClientID: client, Parameters: "response_type=code&scope=openid",
		DPoPJKT: "thumbprint", Expires: s.now().Add(time.Minute),
	}
	s.must(s.PushRequest(s.ctx(), request))
	return request
}

func (s *suite) startInteraction() (store.Handle, store.Interaction) {
	s.Helper()
	handle, hash := s.fresh()
	interaction := store.Interaction{
		Workspace: workspace, ID: handle.ID, SecretHash: hash, State: json.RawMessage(`{"page":"login"}`),
		Expires: s.now().Add(10 * time.Minute),
	}
	s.must(s.StartInteraction(s.ctx(), interaction))
	return handle, interaction
}

func (s *suite) sameRequest(got, want store.PushedRequest) {
	s.Helper()
	if !got.Expires.Equal(want.Expires) {
		s.Errorf("request expires %v, want %v", got.Expires, want.Expires)
	}
	got.Expires = want.Expires
	s.same("request", got, want)
}

func (s *suite) sameInteraction(got, want store.Interaction) {
	s.Helper()
	if got.Workspace != want.Workspace || got.ID != want.ID || got.SecretHash != want.SecretHash ||
		string(got.State) != string(want.State) || got.Version != want.Version || !got.Expires.Equal(want.Expires) {
		s.Errorf("interaction: got %+v, want %+v", got, want)
	}
}
