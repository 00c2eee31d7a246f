package sqlstore

import (
	"path/filepath"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

// BenchmarkDurableWrite compares grouped writes with one transaction each, 128 callers at a time.
func BenchmarkDurableWrite(b *testing.B) {
	for _, mode := range []struct {
		name  string
		group int
	}{{"grouped", maxGroup}, {"one_transaction_each", 1}} {
		b.Run(mode.name, func(b *testing.B) {
			opened := openFile(b, filepath.Join(b.TempDir(), "records.db"), time.Now)
			opened.writer.maxGroup = mode.group
			grant := benchmarkGrant(b, opened)
			b.SetParallelism(64) // times GOMAXPROCS
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := opened.IssueAccessToken(b.Context(), benchmarkToken(grant)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// BenchmarkDurableWriteAmongLiveTokens compares an empty store with one that holds 200,000 live tokens.
func BenchmarkDurableWriteAmongLiveTokens(b *testing.B) {
	for _, mode := range []struct {
		name string
		live int
	}{{"empty", 0}, {"200000_live", 200_000}} {
		b.Run(mode.name, func(b *testing.B) {
			opened := openFile(b, filepath.Join(b.TempDir(), "records.db"), time.Now)
			grant := benchmarkGrant(b, opened)
			slots := make(chan struct{}, 128)
			for range mode.live {
				slots <- struct{}{}
				go func() {
					defer func() { <-slots }()
					_ = opened.IssueAccessToken(b.Context(), benchmarkToken(grant))
				}()
			}
			for range cap(slots) {
				slots <- struct{}{}
			}
			b.SetParallelism(64)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := opened.IssueAccessToken(b.Context(), benchmarkToken(grant)); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

func benchmarkGrant(b *testing.B, opened *Store) string {
	b.Helper()
	grant := store.Grant{Workspace: "w", ID: store.NewID(time.Now()), ClientID: "client", Expires: time.Now().Add(time.Hour)}
	if err := opened.StartGrant(b.Context(), grant, store.Issued{}); err != nil {
		b.Fatal(err)
	}
	return grant.ID
}

func benchmarkToken(grant string) store.AccessToken {
	now := time.Now()
	return store.AccessToken{
		Workspace: "w", ID: store.NewID(now), GrantID: grant, Audience: "https://api.example/", Created: now, Expires: now.Add(time.Hour),
	}
}
