package sqlstore

import (
	"bytes"
	"context"
	"database/sql/driver"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

// blocked keeps the writer busy until the returned function is called.
func blocked(t *testing.T, opened *Store) (release func()) {
	t.Helper()
	busy, free := make(chan struct{}), make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		_ = opened.update(t.Context(), "block", func(context.Context, *tx) error {
			close(busy)
			<-free
			return nil
		})
	})
	<-busy
	return func() { close(free); done.Wait() }
}

// together runs writes so that they share a transaction, and returns their answers.
func together(t *testing.T, opened *Store, writes ...func(ctx context.Context, tx *tx) error) []error {
	t.Helper()
	release := blocked(t, opened)
	answers := make([]error, len(writes))
	var done sync.WaitGroup
	for index, write := range writes {
		done.Go(func() { answers[index] = opened.update(t.Context(), "write", write) })
	}
	for deadline := time.Now().Add(100 * time.Millisecond); time.Now().Before(deadline); {
		time.Sleep(time.Millisecond) // until all of them wait; if they do not, the test is only weaker
	}
	release()
	done.Wait()
	return answers
}

func mark(value string) func(ctx context.Context, tx *tx) error {
	return func(ctx context.Context, tx *tx) error {
		return tx.change(ctx, store.ErrConsumed,
			`INSERT INTO used_values (workspace, purpose, value_hash, expires) VALUES ('w', 'test', $1, 9999999999999)`, []byte(value))
	}
}

func marked(t *testing.T, opened *Store, value string) bool {
	t.Helper()
	var count int
	if err := opened.row(t.Context(), `SELECT COUNT(*) FROM used_values WHERE value_hash = $1`, []byte(value)).Scan(&count); err != nil {
		t.Fatal(err)
	}
	return count == 1
}

func TestOneFailingWriteOfAGroupTakesNoOtherWithIt(t *testing.T) {
	opened := openFile(t, filepath.Join(t.TempDir(), "records.db"), time.Now)
	failure := errors.New("failure")
	after := func(value string, then func(ctx context.Context, tx *tx) error) func(ctx context.Context, tx *tx) error {
		return func(ctx context.Context, tx *tx) error { return errors.Join(mark(value)(ctx, tx), then(ctx, tx)) }
	}
	for name, breaks := range map[string]func(ctx context.Context, tx *tx) error{
		"an error of its own": func(context.Context, *tx) error { return failure },
		"a broken statement": func(ctx context.Context, tx *tx) error {
			_, err := tx.exec(ctx, "INSERT INTO nowhere VALUES (1)")
			return err
		},
		"a panic": func(context.Context, *tx) error { panic("at the disco") },
		"a broken transaction": func(ctx context.Context, tx *tx) error {
			_, err := tx.exec(ctx, "ROLLBACK") // as a full disk does
			return errors.Join(failure, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			answers := together(t, opened, mark(name+" before"), after(name+" undone", breaks), mark(name+" after"))
			if answers[0] != nil || answers[1] == nil || answers[2] != nil {
				t.Errorf("answers: %v", answers)
			}
			for value, want := range map[string]bool{name + " before": true, name + " undone": false, name + " after": true} {
				if got := marked(t, opened, value); got != want {
					t.Errorf("%q is there: %v, want %v", value, got, want)
				}
			}
		})
	}
}

func TestUnexpectedErrorsNameTheirOperation(t *testing.T) {
	opened := openFile(t, filepath.Join(t.TempDir(), "records.db"), time.Now)
	err := opened.update(t.Context(), "break something", func(ctx context.Context, tx *tx) error {
		_, err := tx.exec(ctx, "INSERT INTO nowhere VALUES (1)")
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "break something") {
		t.Errorf("got %v", err)
	}
	if err := opened.update(t.Context(), "go on", mark("value")); err != nil {
		t.Errorf("after it: %v", err)
	}
}

func TestWriterGoesOnAfterItsConnectionIsLost(t *testing.T) {
	opened := openFile(t, filepath.Join(t.TempDir(), "records.db"), time.Now)
	err := opened.update(t.Context(), "lose", func(_ context.Context, tx *tx) error {
		tx.forget()
		return tx.conn.Raw(func(any) error { return driver.ErrBadConn })
	})
	if err == nil {
		t.Error("a write on a lost connection succeeded")
	}
	if err := opened.update(t.Context(), "go on", mark("value")); err != nil || !marked(t, opened, "value") {
		t.Errorf("after it: %v", err)
	}
}

func TestWaitingWriteIsBoundByItsContext(t *testing.T) {
	opened := openFile(t, filepath.Join(t.TempDir(), "records.db"), time.Now)
	release := blocked(t, opened)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := opened.update(ctx, "wait", mark("value")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	release()
	if err := opened.Ping(t.Context()); err != nil || marked(t, opened, "value") {
		t.Errorf("the abandoned write was made (%v)", err)
	}
}

func TestCloseWaitsForWhatTheWriterHasTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	opened, err := Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	taken, free := make(chan struct{}), make(chan struct{})
	var answered error
	var done sync.WaitGroup
	done.Go(func() {
		answered = opened.update(t.Context(), "slow", func(ctx context.Context, tx *tx) error {
			close(taken)
			<-free
			return mark("slow")(ctx, tx)
		})
	})
	<-taken
	done.Go(func() { _ = opened.Close() })
	close(free)
	done.Wait()
	if answered != nil || !marked(t, openFile(t, path, time.Now), "slow") {
		t.Errorf("the write that was taken: %v", answered)
	}
}

func TestPoolSmallerThanTheConcurrencyNeverDeadlocks(t *testing.T) {
	opened := openFile(t, filepath.Join(t.TempDir(), "records.db"), time.Now)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	failures := make(chan error, 20*sqliteReaders)
	var done sync.WaitGroup
	for range 20 * sqliteReaders {
		done.Go(func() {
			handle := issued(t, opened)
			_, _, consume := opened.RedeemCode(ctx, "w", handle, nil)
			_, grants := opened.Grants(ctx, "w", "subject", "client")
			_, read := opened.Grant(ctx, "w", "g-"+handle.ID)
			failures <- errors.Join(consume, grants, read)
		})
	}
	done.Wait()
	close(failures)
	for err := range failures {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestFileHasNoSecret(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	opened, err := Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	handles := everySecret(t, opened)
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	var data []byte
	files, _ := filepath.Glob(path + "*")
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		data = append(data, content...)
	}
	for kind, handle := range handles {
		if !bytes.Contains(data, []byte(handle.ID)) {
			t.Errorf("%s: its id is not in the file, so looking for its secret shows nothing", kind)
		}
		_, secret, _ := strings.Cut(handle.Reveal(), ".")
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s: its secret is in the file", kind)
		}
	}
}

// everySecret uses every verb that takes a secret and returns the handles, live ones and used ones.
func everySecret(t *testing.T, opened *Store) map[string]store.Handle {
	t.Helper()
	now, expires := time.Now(), time.Now().Add(time.Hour)
	handles := map[string]store.Handle{"code": issued(t, opened)}
	for _, kind := range []string{"used code", "interaction", "refresh token", "next refresh token", "access token", "session", "next session"} {
		handles[kind] = store.NewHandle(now)
	}
	handles["used code"] = issued(t, opened)
	code, interaction, access := handles["used code"], handles["interaction"], handles["access token"]
	refresh, next, session, nextSession := handles["refresh token"], handles["next refresh token"], handles["session"], handles["next session"]
	_, _, consumed := opened.RedeemCode(t.Context(), "w", code, nil)
	grant := "g-" + code.ID
	errs := []error{
		consumed,
		opened.StartInteraction(t.Context(), store.Interaction{Workspace: "w", ID: interaction.ID, SecretHash: interaction.Hash(), State: []byte("{}"), Expires: expires}),
		opened.IssueRefreshToken(t.Context(), store.RefreshToken{Workspace: "w", ID: refresh.ID, SecretHash: refresh.Hash(), GrantID: grant, Expires: expires}),
		opened.IssueAccessToken(t.Context(), store.AccessToken{Workspace: "w", ID: access.ID, SecretHash: access.Hash(), GrantID: grant, Expires: expires}),
		opened.StartSession(t.Context(), store.Session{Workspace: "w", ID: session.ID, SecretHash: session.Hash(), Subject: "s", Idle: expires, Expires: expires}),
		opened.ReplaceSession(t.Context(), session.ID, store.Session{Workspace: "w", ID: nextSession.ID, SecretHash: nextSession.Hash(), Subject: "s", Idle: expires, Expires: expires}),
	}
	_, _, rotated := opened.RotateRefreshToken(t.Context(), "w", refresh, store.Issued{RefreshToken: store.RefreshToken{ID: next.ID, SecretHash: next.Hash(), Expires: expires}}, now, 0)
	_, ended := opened.ConsumeInteraction(t.Context(), "w", interaction)
	_, read := opened.Session(t.Context(), "w", nextSession)
	if err := errors.Join(append(errs, rotated, ended, read)...); err != nil {
		t.Fatal(err)
	}
	delete(handles, "session") // its row is deleted, so its id need not be there; its secret never was either
	return handles
}
