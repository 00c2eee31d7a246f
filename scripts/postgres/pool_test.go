//go:build postgres

package postgres

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"cloakroom/authserver/store"
)

// execute runs a statement past the store.
func execute(tb testing.TB, dsn, statement string) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	_, err = conn.Exec(tb.Context(), statement)
	if err := errors.Join(err, conn.Close(tb.Context())); err != nil {
		tb.Fatal(err)
	}
}

// number asks the database, past the store, for a number.
func number(tb testing.TB, dsn, query string) (value int) {
	tb.Helper()
	conn, err := pgx.Connect(tb.Context(), dsn)
	if err != nil {
		tb.Fatal(err)
	}
	err = conn.QueryRow(tb.Context(), query).Scan(&value)
	if err := errors.Join(err, conn.Close(tb.Context())); err != nil {
		tb.Fatal(err)
	}
	return value
}

const workspace = "demo/baseline"

// redeem issues a code, redeems it twice, and issues, reads and revokes a token: what a request may come to, and more.
func redeem(ctx context.Context, st store.Store) error {
	now := time.Now()
	handle, access := store.NewHandle(now), store.NewID(now)
	grant := store.Grant{Workspace: workspace, ID: store.NewID(now), ClientID: "client", Subject: "subject", Created: now, Expires: now.Add(time.Hour)}
	code := store.Code{Workspace: workspace, ID: handle.ID, SecretHash: handle.Hash(), GrantID: grant.ID, ClientID: "client", Expires: now.Add(time.Minute)}
	if err := st.IssueCode(ctx, code, grant); err != nil {
		return err
	}
	_, _, first := st.RedeemCode(ctx, workspace, handle, nil)
	_, _, second := st.RedeemCode(ctx, workspace, handle, nil)
	if !errors.Is(second, store.ErrConsumed) {
		return errors.Join(second, errors.New("a code was redeemed twice"))
	}
	issued := st.IssueAccessToken(ctx, store.AccessToken{Workspace: workspace, ID: access, GrantID: grant.ID, Created: now, Expires: now.Add(time.Minute)})
	_, _, live := st.AccessToken(ctx, workspace, access)
	revoked := st.RevokeGrant(ctx, workspace, grant.ID)
	_, _, dead := st.AccessToken(ctx, workspace, access)
	if !errors.Is(dead, store.ErrRevoked) {
		return errors.Join(dead, errors.New("a token outlived its grant"))
	}
	return errors.Join(first, issued, live, revoked)
}

// atOnce runs all at once and reports every error.
func atOnce(tb testing.TB, count int, do func(number int) error) {
	tb.Helper()
	failures := make([]error, count)
	var running sync.WaitGroup
	for number := range count {
		running.Go(func() { failures[number] = do(number) })
	}
	running.Wait()
	if err := errors.Join(failures...); err != nil {
		tb.Error(err)
	}
}

// Goal P13: ten times as many requests as connections, and nobody waits in vain.
func TestPoolOfFourServesFortyRequestsAtOnce(t *testing.T) {
	opened := open(t, schema(t, "pool_max_conns", "4"), time.Now)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	atOnce(t, 40, func(int) error {
		for range 20 {
			if err := redeem(ctx, opened); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestPoolSizeIsWhatTheAddressSays(t *testing.T) {
	dsn := schema(t, "pool_max_conns", "3", "application_name", "counted")
	opened := open(t, dsn, time.Now)
	atOnce(t, 40, func(int) error { return redeem(t.Context(), opened) })
	open := number(t, server.DSN(nil), "SELECT COUNT(*)::int FROM pg_stat_activity WHERE application_name = 'counted'")
	if open < 2 || open > 3 {
		t.Errorf("%d connections are open, want at most 3", open)
	}
}

// Writes that wait for the disk share a transaction: PostgreSQL keeps in xmin which one wrote a row.
func TestDurableWritesShareTransactions(t *testing.T) {
	dsn := schema(t)
	opened := open(t, dsn, time.Now)
	const writers, each = 64, 10
	atOnce(t, writers, func(int) error {
		for range each {
			now := time.Now()
			err := opened.StartGrant(t.Context(), store.Grant{Workspace: workspace, ID: store.NewID(now), Created: now, Expires: now.Add(time.Hour)}, store.Issued{})
			if err != nil {
				return err
			}
		}
		return nil
	})
	rows := number(t, dsn, "SELECT COUNT(*)::int FROM grants")
	transactions := number(t, dsn, "SELECT COUNT(DISTINCT xmin::text)::int FROM grants")
	if rows != writers*each || transactions > rows/2 {
		t.Errorf("%d writes took %d transactions", rows, transactions)
	}
	if mode := number(t, dsn, "SELECT COUNT(*)::int FROM pg_settings WHERE name = 'synchronous_commit' AND setting = 'on'"); mode != 1 {
		t.Error("a commit does not wait for the disk")
	}
}

// Two transactions that wait for each other's rows: PostgreSQL ends the store's, and its caller hears nothing of it.
func TestWriteThatIsLockedOutIsTriedAgain(t *testing.T) {
	dsn := schema(t, "deadlock_timeout", "1500ms", "application_name", "locked")
	opened := open(t, dsn, time.Now)
	now := time.Now()
	grants := []string{store.NewID(now), store.NewID(now)}
	for _, id := range grants {
		err := opened.StartGrant(t.Context(), store.Grant{Workspace: workspace, ID: id, ClientID: "client", Subject: "subject", Created: now, Expires: now.Add(time.Hour)}, store.Issued{})
		if err != nil {
			t.Fatal(err)
		}
	}
	other, lock := transaction(t, dsn, "SET LOCAL deadlock_timeout = '1min'")
	lock(grants[1])
	withdrawn := make(chan error, 1)
	go func() {
		_, err := opened.WithdrawConsent(t.Context(), workspace, "subject", "client")
		withdrawn <- err
	}()
	waiting := "SELECT COUNT(*)::int FROM pg_stat_activity WHERE application_name = 'locked' AND wait_event_type = 'Lock'"
	for number(t, server.DSN(nil), waiting) == 0 {
		time.Sleep(time.Millisecond)
	}
	lock(grants[0]) // returns when the other side was ended
	if err := other.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-withdrawn; err != nil {
		t.Errorf("the caller was told: %v", err)
	}
	for _, id := range grants {
		if _, err := opened.Grant(t.Context(), workspace, id); !errors.Is(err, store.ErrRevoked) {
			t.Errorf("grant: %v", err)
		}
	}
	if log, err := os.ReadFile(server.log()); err != nil || !bytes.Contains(log, []byte("deadlock detected")) {
		t.Errorf("nobody was locked out, so this shows nothing (%v)", err)
	}
}

// transaction begins one past the store, which locks grants by changing nothing in them.
func transaction(t *testing.T, dsn, first string) (other pgx.Tx, lock func(grant string)) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	if other, err = conn.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	run := func(query string, args ...any) {
		if _, err := other.Exec(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	run(first)
	return other, func(grant string) { run("UPDATE grants SET revoked = revoked WHERE id = $1", grant) }
}
