package storetest

import (
	"bytes"
	"context"
	"errors"
	"time"

	"cloakroom/authserver/store"
)

var keys = []guarantee{
	{"a signing key is kept once and its instants change", func(s *suite) {
		key := store.Key{
			Workspace: workspace, ID: "kid-1", Algorithm: "ES256", Sealed: []byte{0, 1, 2, 255}, Created: s.now(),
			Active: s.now().Add(time.Minute),
		}
		s.must(s.AddKey(s.ctx(), key))
		s.want(s.AddKey(s.ctx(), key), store.ErrConflict)
		s.clock.advance(time.Second)
		s.must(s.AddKey(s.ctx(), store.Key{Workspace: workspace, ID: "kid-0", Algorithm: "RS256", Sealed: []byte{1}, Created: s.now()}))
		update := key
		update.Sealed, update.Algorithm = []byte("ignored"), "none"
		update.Retired, update.Expires = s.now().Add(time.Hour), s.now().Add(2*time.Hour)
		s.must(s.UpdateKey(s.ctx(), update))

		kept, err := s.Keys(s.ctx(), workspace)
		s.must(err)
		if len(kept) != 2 || kept[0].ID != "kid-1" || kept[1].ID != "kid-0" {
			s.Fatalf("got %+v", kept)
		}
		if got := kept[0]; got.Algorithm != "ES256" || !bytes.Equal(got.Sealed, key.Sealed) || !got.Active.Equal(key.Active) ||
			!got.Created.Equal(key.Created) || !got.Retired.Equal(update.Retired) || !got.Expires.Equal(update.Expires) {
			s.Errorf("got %+v, want %+v", got, update)
		}
		if !kept[1].Retired.IsZero() || !kept[1].Expires.IsZero() {
			s.Errorf("an unknown instant became known: %+v", kept[1])
		}
		s.want(s.UpdateKey(s.ctx(), store.Key{Workspace: workspace, ID: "absent"}), store.ErrNotFound)
	}},
	{"a value is used once until its mark expires", func(s *suite) {
		expires := s.now().Add(time.Minute)
		s.must(s.UseOnce(s.ctx(), workspace, "proof", "jti-1", expires))
		s.want(s.UseOnce(s.ctx(), workspace, "proof", "jti-1", expires), store.ErrConsumed)
		s.must(s.UseOnce(s.ctx(), workspace, "proof", "jti-2", expires))
		s.must(s.UseOnce(s.ctx(), workspace, "assertion", "jti-1", expires))
		s.clock.advance(time.Minute)
		s.must(s.UseOnce(s.ctx(), workspace, "proof", "jti-1", s.now().Add(time.Minute)))
		s.want(s.UseOnce(s.ctx(), workspace, "proof", "jti-1", s.now().Add(time.Minute)), store.ErrConsumed)
	}},
}

var lifecycle = []guarantee{
	{"a caller that gave up is told so and changes nothing", func(s *suite) {
		handle, _, _ := s.issueCode()
		ctx, cancel := context.WithCancel(s.ctx())
		cancel()
		_, _, err := s.RedeemCode(ctx, workspace, handle, nil)
		s.want(err, context.Canceled)
		_, err = s.Grants(ctx, workspace, subject, "")
		s.want(err, context.Canceled)
		_, _, err = s.RedeemCode(s.ctx(), workspace, handle, nil)
		s.must(err)
	}},
	{"a closed store answers none of the contract's errors", func(s *suite) {
		handle, _, _ := s.issueCode()
		s.must(s.Ping(s.ctx()))
		s.must(s.Close())
		_, _, consume := s.RedeemCode(s.ctx(), workspace, handle, nil)
		_, read := s.Session(s.ctx(), workspace, handle)
		for _, err := range []error{consume, read, s.Ping(s.ctx())} {
			if err == nil {
				s.Error("no error after Close")
			}
			for _, known := range []error{store.ErrNotFound, store.ErrConsumed, store.ErrRevoked, store.ErrConflict} {
				if errors.Is(err, known) {
					s.Errorf("got %v after Close", err)
				}
			}
		}
		s.must(s.Close())
	}},
}
