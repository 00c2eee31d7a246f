// Package chaos kills one of two BFF processes while they refresh, and counts who is still signed in. The processes are the
// product's own program on one SQLite file; the provider is our authorization server, made slow. The strict provider, and what
// exactly is lost with one, is in bff/chaos_test.go, which needs no processes.
//
// Run it with: go test -tags chaos ./scripts/chaos
package chaos
