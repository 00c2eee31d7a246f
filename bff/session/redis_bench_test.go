//go:build redis

package session_test

import (
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/redistest"
	"cloakroom/bff/session/sessiontest"
)

// BenchmarkRedis is what the store's verbs cost, each a round trip to a redis-server beside the test.
func BenchmarkRedis(b *testing.B) {
	server := redistest.Start(b, redistest.Memory...)
	sealer, err := session.NewSealer(sessiontest.Key())
	if err != nil {
		b.Fatal(err)
	}
	store := openRedis(b, server.URL, sealer, time.Now)
	record, _ := twoKilobytes(b)
	if err := store.Create(b.Context(), record); err != nil {
		b.Fatal(err)
	}
	stored := record
	seen := session.Seen{LastSeen: record.LastSeen}
	for name, verb := range map[string]func() error{
		"load":   func() error { _, err := store.Load(b.Context(), record.ID); return err },
		"update": func() error { stored, err = store.Update(b.Context(), stored); return err },
		"touch": func() error {
			seen.LastSeen = seen.LastSeen.Add(time.Nanosecond)
			return store.Touch(b.Context(), map[string]session.Seen{record.ID: seen})
		},
		"lease and release": func() error {
			lease, err := store.Lease(b.Context(), record.ID, time.Minute)
			if err != nil {
				return err
			}
			return store.Release(b.Context(), lease)
		},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := verb(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkNoticeToTheOtherInstance is how long a change at one instance takes to reach a watcher at another.
func BenchmarkNoticeToTheOtherInstance(b *testing.B) {
	server := redistest.Start(b, redistest.Memory...)
	sealer, err := session.NewSealer(sessiontest.Key())
	if err != nil {
		b.Fatal(err)
	}
	here, there := openRedis(b, server.URL, sealer, time.Now), openRedis(b, server.URL, sealer, time.Now)
	heard, listening := make(chan session.Notice, 1), make(chan bool, 1)
	stop := there.Subscribe(func(n session.Notice) { heard <- n }, func(on bool) {
		if on {
			listening <- true
		}
	})
	defer stop()
	<-listening
	for b.Loop() {
		if err := here.Notify(b.Context(), session.Notice{Origin: "here", ID: "r1", Kind: session.Ended, Reason: session.SignedOut}); err != nil {
			b.Fatal(err)
		}
		<-heard
	}
}
