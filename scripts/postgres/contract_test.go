//go:build postgres

package postgres

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/authserver/store"
	"cloakroom/authserver/store/sqlstore"
	"cloakroom/authserver/store/storetest"
)

// server is one PostgreSQL for all tests: each uses a schema of its own in it.
var server *Server

func TestMain(m *testing.M) {
	os.Exit(runTests(m))
}

func runTests(m *testing.M) int {
	var err error
	if server, err = Start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := server.Stop(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

var schemas atomic.Int64

// schema makes an empty schema and returns the DSN of it.
func schema(tb testing.TB, parameters ...string) string {
	tb.Helper()
	name := fmt.Sprintf("test_%d", schemas.Add(1))
	execute(tb, server.DSN(nil), "CREATE SCHEMA "+name)
	query := url.Values{"search_path": {name}}
	for at := 0; at+1 < len(parameters); at += 2 {
		query.Set(parameters[at], parameters[at+1])
	}
	return server.DSN(query)
}

func open(tb testing.TB, dsn string, now func() time.Time) *sqlstore.Store {
	tb.Helper()
	opened, err := sqlstore.Open(tb.Context(), dsn, now)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := opened.Close(); err != nil {
			tb.Error(err)
		}
	})
	return opened
}

func TestPostgreSQLKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store { return open(t, schema(t), now) })
}

// Every second verb goes to the other of two instances, so all that one wrote the other has to see, and every race is between
// processes as far as the database can tell.
func TestTwoInstancesOnOnePostgreSQLKeepTheContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) store.Store {
		dsn := schema(t)
		return &pair{stores: [2]store.Store{open(t, dsn, now), open(t, dsn, now)}}
	})
}
