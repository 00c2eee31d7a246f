package sqlstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloakroom/authserver/store"
)

// issued is a code and its grant, live for an hour.
func issued(tb testing.TB, to *Store) store.Handle {
	tb.Helper()
	handle := store.NewHandle(time.Now())
	expires := time.Now().Add(time.Hour)
	err := to.IssueCode(tb.Context(),
		store.Code{Workspace: "w", ID: handle.ID, SecretHash: handle.Hash(), GrantID: "g-" + handle.ID, Expires: expires},
		store.Grant{Workspace: "w", ID: "g-" + handle.ID, ClientID: "client", Subject: "subject", Expires: expires})
	if err != nil {
		tb.Fatal(err)
	}
	return handle
}

func TestReopenedFileHasEverything(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	first, err := Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	used, unused := issued(t, first), issued(t, first)
	if _, _, err := first.RedeemCode(t.Context(), "w", used, nil); err != nil {
		t.Fatal(err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := openFile(t, "file:"+path, time.Now)
	if _, _, err := second.RedeemCode(t.Context(), "w", used, nil); !errors.Is(err, store.ErrConsumed) {
		t.Errorf("the used code: %v", err)
	}
	if _, _, err := second.RedeemCode(t.Context(), "w", unused, nil); err != nil {
		t.Errorf("the unused code: %v", err)
	}
}

// childPath tells the test program that it is the child of TestKilledProcessLosesNothingThatItAnswered.
const childPath = "SQLSTORE_TEST_CHILD_PATH"

// TestChildWritesUntilItIsKilled is no test of its own: it is the child's main.
func TestChildWritesUntilItIsKilled(t *testing.T) {
	path := os.Getenv(childPath)
	if path == "" {
		return
	}
	writing, err := Open(t.Context(), path, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for {
		handle := issued(t, writing)
		if _, _, err := writing.RedeemCode(t.Context(), "w", handle, nil); err != nil {
			t.Fatal(err)
		}
		fmt.Println("used " + handle.Reveal()) //nolint:forbidigo // the child's answer to its parent
	}
}

func TestKilledProcessLosesNothingThatItAnswered(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestChildWritesUntilItIsKilled$", "-test.v")
	child.Env = append(os.Environ(), childPath+"="+path)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	var used []string
	for lines := bufio.NewScanner(output); lines.Scan(); {
		if text, found := strings.CutPrefix(lines.Text(), "used "); found {
			used = append(used, text)
		}
		if len(used) == 100 {
			_ = child.Process.Kill() // what it still wrote into the pipe is read too
		}
	}
	_ = child.Wait()
	if len(used) < 100 {
		t.Fatalf("the child answered %d times only", len(used))
	}
	reopened := openFile(t, path, time.Now)
	for _, text := range used {
		handle, err := store.ParseHandle(text)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := reopened.RedeemCode(t.Context(), "w", handle, nil); !errors.Is(err, store.ErrConsumed) {
			t.Fatalf("a code that was used before the kill: %v", err)
		}
	}
}

func TestPathsMayHaveAnyCharacter(t *testing.T) {
	for _, name := range []string{"with space.db", "a?b#c%20d.db", "ünï.db"} {
		path := filepath.Join(t.TempDir(), name)
		openFile(t, path, time.Now)
		info, err := os.Stat(path)
		if err != nil || info.Size() == 0 {
			t.Errorf("%q: %v, %v", name, info, err)
		}
	}
}

func TestFilesAreTheOwnersOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "records.db")
	issued(t, openFile(t, path, time.Now))
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", path+suffix, info, err)
		}
	}
}

func TestCommitsWaitForTheDisk(t *testing.T) {
	opened := openFile(t, filepath.Join(t.TempDir(), "records.db"), time.Now)
	err := opened.update(t.Context(), "read settings", func(ctx context.Context, tx *tx) error {
		var mode string
		var synchronous int
		err := errors.Join(tx.row(ctx, "PRAGMA journal_mode").Scan(&mode), tx.row(ctx, "PRAGMA synchronous").Scan(&synchronous))
		if mode != "wal" || synchronous != 2 {
			t.Errorf("journal_mode %s, synchronous %d; want wal, 2 (FULL)", mode, synchronous)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	if _, err := opened.reads.ExecContext(t.Context(), "DELETE FROM codes"); err == nil {
		t.Error("a reader wrote")
	}
}
