package session_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"cloakroom/bff/session"
	"cloakroom/bff/session/sessiontest"
)

func TestSealerOpensOnlyWhatItSealedForThisUse(t *testing.T) {
	key := sessiontest.Key()
	sealer := sessiontest.Sealer(t, key)
	sealed, err := sealer.Seal("purpose", []byte("secret"), []byte("data"))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		sealer        *session.Sealer
		purpose, data string
		ok            bool
	}{
		"valid":             {sealer, "purpose", "data", true},
		"another process":   {sessiontest.Sealer(t, key), "purpose", "data", true},
		"a key was added":   {sessiontest.Sealer(t, sessiontest.Key(), key), "purpose", "data", true},
		"another key":       {sessiontest.Sealer(t), "purpose", "data", false},
		"another purpose":   {sealer, "transaction", "data", false},
		"a purpose as long": {sealer, "purposf", "data", false},
		"other data":        {sealer, "purpose", "date", false},
		"no data":           {sealer, "purpose", "", false},
		"a shifted border":  {sealer, "purposed", "ata", false},
	} {
		t.Run(name, func(t *testing.T) {
			opened, err := test.sealer.Open(test.purpose, sealed, []byte(test.data))
			if test.ok && (err != nil || string(opened) != "secret") {
				t.Errorf("opened %q, %v", opened, err)
			}
			if !test.ok && !errors.Is(err, session.ErrAltered) {
				t.Errorf("got error %v, want ErrAltered", err)
			}
		})
	}
}

func TestSealerRefusesEveryChangedBit(t *testing.T) {
	sealer := sessiontest.Sealer(t)
	sealed, err := sealer.Seal("purpose", []byte("secret"), nil)
	if err != nil || len(sealed) != len("secret")+session.SealOverhead {
		t.Fatalf("%d bytes, %v", len(sealed), err)
	}
	for bit := range len(sealed) * 8 {
		changed := bytes.Clone(sealed)
		changed[bit/8] ^= 1 << (bit % 8)
		if _, err := sealer.Open("purpose", changed, nil); !errors.Is(err, session.ErrAltered) {
			t.Errorf("bit %d: got error %v", bit, err)
		}
	}
	for length := range sealed {
		if _, err := sealer.Open("purpose", sealed[:length], nil); !errors.Is(err, session.ErrAltered) {
			t.Errorf("%d bytes: got error %v", length, err)
		}
	}
}

func TestSealerNeverSealsTwiceAlike(t *testing.T) {
	sealer := sessiontest.Sealer(t)
	seen := map[string]bool{}
	for range 100 {
		sealed, err := sealer.Seal("purpose", []byte("secret"), nil)
		if err != nil || seen[string(sealed)] || bytes.Contains(sealed, []byte("secret")) {
			t.Fatalf("sealed %x, %v", sealed, err)
		}
		seen[string(sealed)] = true
	}
}

func TestNewSealerRefusesKeysThatCannotBe(t *testing.T) {
	key := sessiontest.Key()
	for name, keys := range map[string][][]byte{
		"none": {}, "short": {key[:16]}, "empty": {{}}, "long": {append(key[:32:32], 0)}, "twice": {key, key}, "second short": {key, key[:31]},
	} {
		if _, err := session.NewSealer(keys...); err == nil {
			t.Errorf("%s: a sealer was made", name)
		}
	}
	if _, err := session.NewSealer(key, sessiontest.Key()); err != nil {
		t.Errorf("two keys, the control: %v", err)
	}
}

func TestNoSecretIsPrinted(t *testing.T) {
	record := sessiontest.Record("the-id", "alice", sessiontest.NewClock().Now())
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	for _, value := range []any{record, &record, record.Tokens[""], record.Tokens, []session.Record{record}, struct{ R session.Record }{record}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
		log.Info("record", "value", value)
	}
	sealer := sessiontest.Sealer(t)
	fmt.Fprintf(&out, "%v %+v %#v", sealer, sealer, sealer)
	for _, secret := range []string{"canary", "alice", fmt.Sprintf("%x", "canary")} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q was printed", secret)
		}
	}
	if !strings.Contains(out.String(), record.Handle) {
		t.Error("the control, the handle, was not printed")
	}
}
