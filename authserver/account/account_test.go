package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"cloakroom/authserver/store/memory"
)

const workspace = "demo/baseline"

// counted is a hasher that counts its derivations.
func counted() (*Hasher, *atomic.Int64) {
	var calls atomic.Int64
	hasher := NewHasher()
	hasher.derive = func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
		calls.Add(1)
		return argon2.IDKey(password, salt, time, memory, threads, keyLen)
	}
	return hasher, &calls
}

// directory has alice, and carol, who is disabled.
func directory(t *testing.T) (*Local, *memory.Store, *atomic.Int64) {
	t.Helper()
	kept := memory.New(time.Now)
	hasher, calls := counted()
	local := New(kept, hasher, time.Now)
	if err := local.Ensure(t.Context(), workspace, []User{
		{Username: "Alice", Password: "wonderland", Claims: map[string]any{"name": "Alice"}},
		{Username: "carol", Password: "dodgson"},
	}); err != nil {
		t.Fatal(err)
	}
	carol, err := kept.AccountByName(t.Context(), workspace, "carol")
	if err != nil {
		t.Fatal(err)
	}
	carol.Disabled = true
	if err := kept.SaveAccount(t.Context(), carol); err != nil {
		t.Fatal(err)
	}
	calls.Store(0)
	return local, kept, calls
}

func TestAuthenticateDerivesOneKeyWhateverTheAnswer(t *testing.T) {
	local, _, calls := directory(t)
	for _, row := range []struct{ name, username, password string }{
		{"right", "alice", "wonderland"},
		{"wrong password", "alice", "looking-glass"},
		{"unknown user", "bob", "wonderland"},
		{"disabled account, right password", "carol", "dodgson"},
		{"disabled account, wrong password", "carol", "wonderland"},
		{"impossible user name", "al\u200bice", "wonderland"},
		{"no user name", "", "wonderland"},
		{"no password", "alice", ""},
		{"password too long", "alice", strings.Repeat("w", MaxPassword+1)},
		{"password with a control character", "alice", "wonder\x00land"},
		{"unknown user, no password", "bob", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			calls.Store(0)
			account, err := local.Authenticate(t.Context(), workspace, row.username, row.password)
			switch {
			case row.name == "right" && (err != nil || account.Claims["name"] != "Alice"):
				t.Errorf("got %+v, %v", account, err)
			case row.name != "right" && (!errors.Is(err, ErrRejected) || account.Subject != ""):
				t.Errorf("got %+v, %v; want nothing, ErrRejected", account, err)
			}
			if calls.Load() != 1 {
				t.Errorf("%d derivations, want 1", calls.Load())
			}
		})
	}
}

func TestAuthenticateDerivesWithTheSameParametersForUnknownUsers(t *testing.T) {
	local, _, _ := directory(t)
	var seen []string
	derive := local.hasher.derive
	local.hasher.derive = func(password, salt []byte, time, memory uint32, threads uint8, keyLen uint32) []byte {
		seen = append(seen, fmt.Sprint(len(salt), time, memory, threads, keyLen))
		return derive(password, salt, time, memory, threads, keyLen)
	}
	for _, username := range []string{"alice", "bob", "carol"} {
		_, _ = local.Authenticate(t.Context(), workspace, username, "guess")
	}
	if len(seen) != 3 || seen[0] != seen[1] || seen[1] != seen[2] {
		t.Errorf("derivations differ: %q", seen)
	}
}

func TestAuthenticateStaysInItsWorkspace(t *testing.T) {
	local, _, _ := directory(t)
	if _, err := local.Authenticate(t.Context(), "demo/fapi2", "alice", "wonderland"); !errors.Is(err, ErrRejected) {
		t.Errorf("got %v, want ErrRejected", err)
	}
}

func TestAuthenticateAcceptsEverySpellingOfAName(t *testing.T) {
	local, _, _ := directory(t)
	for _, username := range []string{"alice", "ALICE", "Alice", "Ａｌｉｃｅ"} {
		if _, err := local.Authenticate(t.Context(), workspace, username, "wonderland"); err != nil {
			t.Errorf("%q: %v", username, err)
		}
	}
}

func TestAuthenticateDoesNotTakeAnOutageForARejection(t *testing.T) {
	local, kept, _ := directory(t)
	_ = kept.Close()
	if _, err := local.Authenticate(t.Context(), workspace, "alice", "wonderland"); err == nil || errors.Is(err, ErrRejected) {
		t.Errorf("got %v", err)
	}
}

func TestEnsureLeavesExistingAccounts(t *testing.T) {
	local, kept, _ := directory(t)
	before, err := kept.AccountByName(t.Context(), workspace, "alice")
	if err != nil {
		t.Fatal(err)
	}
	if err := local.Ensure(t.Context(), workspace, []User{{Username: "ALICE", Password: "another"}}); err != nil {
		t.Fatal(err)
	}
	after, err := kept.AccountByName(t.Context(), workspace, "alice")
	if err != nil || after.PasswordHash != before.PasswordHash || after.Subject != before.Subject || after.Version != before.Version {
		t.Errorf("got %+v, %v; want %+v", after, err, before)
	}
}

func TestEnsureNamesEveryProblem(t *testing.T) {
	kept := memory.New(time.Now)
	local := New(kept, NewHasher(), time.Now)
	err := local.Ensure(t.Context(), workspace, []User{
		{Username: "no password"},
		{Username: "dora"},
		{Username: "both", Password: "secret-1", PasswordHash: decoy()},
		{Username: "hash", PasswordHash: "$2b$12$secret-2"},
		{Username: "twice", PasswordHash: decoy()},
		{Username: "TWICE", PasswordHash: decoy()},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"no password"`, `"dora"`, `"both"`, `"hash"`, `"TWICE"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word of %s in: %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "secret-") {
		t.Errorf("a secret is shown: %v", err)
	}
	if _, err := kept.AccountByName(t.Context(), workspace, "twice"); err != nil {
		t.Errorf("the account without a problem: %v", err)
	}
}

func TestSubjectsAreRandomAndNoNames(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		kept := memory.New(time.Now)
		if err := New(kept, NewHasher(), time.Now).Ensure(t.Context(), workspace, []User{{Username: "alice", PasswordHash: decoy()}}); err != nil {
			t.Fatal(err)
		}
		account, err := kept.AccountByName(t.Context(), workspace, "alice")
		if err != nil || seen[account.Subject] || len(account.Subject) < 26 || strings.Contains(strings.ToLower(account.Subject), "alice") {
			t.Fatalf("subject %q, %v", account.Subject, err)
		}
		seen[account.Subject] = true
	}
}

func TestCanonicalRefusesNamesThatLookLikeOthers(t *testing.T) {
	for name, username := range map[string]string{
		"empty": "", "space": "al ice", "zero width space": "al\u200bice", "zero width joiner": "al\u200dice",
		"soft hyphen": "al\u00adice", "right-to-left override": "al\u202eice", "control": "al\x07ice", "line break": "alice\n",
		"ligature": "ﬁona", "not UTF-8": "al\xffice", "long": strings.Repeat("a", maxUsername+1),
		"mixed direction": "alice\u05d0",
	} {
		if canonical, err := Canonical(username); !errors.Is(err, ErrUsername) {
			t.Errorf("%s: got %q, %v", name, canonical, err)
		}
	}
	for username, want := range map[string]string{
		"alice": "alice", "ALICE": "alice", "alice@example.com": "alice@example.com", "Ｂｏｂ": "bob", "Zoe\u0308": "zoë", "Σίσυφος": "σίσυφος",
	} {
		if canonical, err := Canonical(username); err != nil || canonical != want {
			t.Errorf("%q: got %q, %v; want %q", username, canonical, err, want)
		}
	}
}

func TestUserHidesItsPassword(t *testing.T) {
	user := User{Username: "alice", Password: "wonderland", PasswordHash: "hash-text"}
	if text := fmt.Sprintf("%v %+v %#v %s", user, user, user, user.LogValue()); strings.Contains(text, "wonderland") || strings.Contains(text, "hash-text") {
		t.Errorf("shown: %s", text)
	}
}

func TestEnsureIsBoundByItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	local := New(memory.New(time.Now), NewHasher(), time.Now)
	if err := local.Ensure(ctx, workspace, []User{{Username: "alice", Password: "wonderland"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
