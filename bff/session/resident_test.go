package session_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

// BenchmarkResidentSession reports what a signed-in user costs in memory (P12): in the memory store, sealed, with the cookie that leads
// there; and while the user is active with what the cache has of both.
func BenchmarkResidentSession(b *testing.B) {
	large, _ := twoKilobytes(b)
	for name, record := range map[string]session.Record{
		"opaque tokens": sessiontest.Record("r1", "alice", time.Now().UTC()),
		"2 kB":          large,
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				measureResident(b, record)
			}
		})
	}
}

func measureResident(b *testing.B, record session.Record) {
	b.Helper()
	const users = 5000
	s := newSite(b)
	before := heap()
	for i := range users {
		user := &browser{site: s}
		record.Subject = fmt.Sprintf("user-%d", i)
		user.start(b, record)
		user.wants(b, "in use", nil)
	}
	b.ReportMetric(float64(heap()-before)/users, "B/active")
	s.clock.Advance(time.Minute)
	s.Reap()
	b.ReportMetric(float64(heap()-before)/users, "B/at-rest")
	runtime.KeepAlive(s)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return int64(stats.HeapAlloc)
}
