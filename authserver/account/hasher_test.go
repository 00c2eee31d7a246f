package account

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

func TestHashIsVerifiedByItsPasswordOnly(t *testing.T) {
	hasher := NewHasher()
	hash, err := hasher.Hash(t.Context(), "wonderland")
	if err != nil || !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("got %q, %v", hash, err)
	}
	for password, want := range map[string]bool{"wonderland": true, "Wonderland": false, "wonderland ": false, "": false} {
		if got, err := hasher.Verify(t.Context(), hash, password); err != nil || got != want {
			t.Errorf("%q: got %v, %v", password, got, err)
		}
	}
	if again, _ := hasher.Hash(t.Context(), "wonderland"); again == hash {
		t.Error("two hashes have the same salt")
	}
}

func TestVerifyReadsAnotherImplementationsHash(t *testing.T) {
	// Written by the Argon2 reference program: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -l 32 -e.
	const reference = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if matches, err := NewHasher().Verify(t.Context(), reference, "password"); err != nil || !matches {
		t.Errorf("got %v, %v", matches, err)
	}
}

func TestPasswordsInBothNormalFormsAreTheSame(t *testing.T) {
	hasher := NewHasher()
	hash, err := hasher.Hash(t.Context(), "zo\u00eb")
	if err != nil {
		t.Fatal(err)
	}
	if matches, err := hasher.Verify(t.Context(), hash, "zoe\u0308"); err != nil || !matches {
		t.Errorf("got %v, %v", matches, err)
	}
}

func TestHashRefusesWhatCannotBeAPassword(t *testing.T) {
	for _, password := range []string{"", strings.Repeat("w", MaxPassword+1), "wonder\x00land", "w\xff"} {
		if _, err := NewHasher().Hash(t.Context(), password); !errors.Is(err, ErrPassword) {
			t.Errorf("%q: got %v", password, err)
		}
	}
	if _, err := NewHasher().Hash(t.Context(), strings.Repeat("w", MaxPassword)); err != nil {
		t.Errorf("the longest password: %v", err)
	}
}

func TestParsePHCAcceptsOneSpelling(t *testing.T) {
	valid := phc{memory: 64, time: 1, threads: 1, salt: make([]byte, 16), key: make([]byte, 32)}.String()
	if _, err := parsePHC(valid); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"empty":              "",
		"bcrypt":             "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW",
		"another algorithm":  strings.Replace(valid, "argon2id", "argon2i", 1),
		"another version":    strings.Replace(valid, "v=19", "v=16", 1),
		"too much memory":    strings.Replace(valid, "m=64", "m=4294967295", 1),
		"too little memory":  strings.Replace(valid, "m=64", "m=1", 1),
		"too many passes":    strings.Replace(valid, "t=1", "t=1000", 1),
		"no pass":            strings.Replace(valid, "t=1", "t=0", 1),
		"no lane":            strings.Replace(valid, "p=1", "p=0", 1),
		"a negative number":  strings.Replace(valid, "t=1", "t=-1", 1),
		"a leading zero":     strings.Replace(valid, "t=1", "t=01", 1),
		"one more parameter": strings.Replace(valid, "p=1", "p=1,x=1", 1),
		"padding":            valid + "=",
		"one more part":      valid + "$",
		"a short key":        valid[:len(valid)-30],
		"trailing bits":      valid[:len(valid)-1] + "B",
	} {
		if _, err := parsePHC(text); !errors.Is(err, errPHC) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func FuzzParsePHC(f *testing.F) {
	f.Add(decoy())
	f.Add("$argon2id$v=19$m=64,t=1,p=1$$")
	f.Fuzz(func(t *testing.T, text string) {
		if hash, err := parsePHC(text); err == nil && (hash.String() != text || !hash.bounded()) {
			t.Errorf("%q became %q", text, hash)
		}
	})
}

func TestHasherRunsNoMoreDerivationsThanItHasSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasher := NewHasher()
		release := make(chan struct{})
		started := make(chan struct{}, 100)
		hasher.derive = func(_, _ []byte, _, _ uint32, _ uint8, keyLen uint32) []byte {
			started <- struct{}{}
			<-release
			return make([]byte, keyLen)
		}
		slots := cap(hasher.slots)
		done := make(chan error, slots+1)
		for range slots + 1 {
			go func() {
				_, err := hasher.Hash(t.Context(), "wonderland")
				done <- err
			}()
		}
		synctest.Wait()
		if len(started) != slots {
			t.Errorf("%d derivations run, want %d", len(started), slots)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := hasher.Verify(ctx, decoy(), "wonderland")
			done <- err
		}()
		synctest.Wait()
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("a caller that gave up got %v", err)
		}
		close(release)
		for range slots + 1 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

func TestHasherSendsAwayWhoWouldWaitTooLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hasher := NewHasher()
		release := make(chan struct{})
		hasher.derive = func(_, _ []byte, _, _ uint32, _ uint8, keyLen uint32) []byte {
			<-release
			return make([]byte, keyLen)
		}
		most := cap(hasher.slots) * (1 + maxWaiting)
		done := make(chan error, most)
		for range most {
			go func() {
				_, err := hasher.Hash(t.Context(), "wonderland")
				done <- err
			}()
		}
		synctest.Wait()
		if _, err := hasher.Verify(t.Context(), decoy(), "wonderland"); !errors.Is(err, ErrBusy) {
			t.Errorf("one more got %v", err)
		}
		close(release)
		for range most {
			if err := <-done; err != nil {
				t.Error(err) // the control: all that waited are served
			}
		}
		if _, err := hasher.Verify(t.Context(), decoy(), "wonderland"); err != nil {
			t.Errorf("afterwards: %v", err)
		}
	})
}
