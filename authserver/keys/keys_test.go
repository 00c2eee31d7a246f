package keys

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
	"cloakroom/authserver/store/memory"
)

const workspace = "demo/baseline"

var algorithms = []jwa.SignatureAlgorithm{jwa.RS256, jwa.ES256}

func open(t *testing.T, records Records, sealer *Sealer, now func() time.Time) *Set {
	t.Helper()
	set, err := Open(t.Context(), records, sealer, workspace, algorithms, now)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func newSealer(t *testing.T) *Sealer {
	t.Helper()
	sealer, err := NewSealer(NewSealingKey())
	if err != nil {
		t.Fatal(err)
	}
	return sealer
}

func TestKeysSurviveARestart(t *testing.T) {
	records, sealer := memory.New(time.Now), newSealer(t)
	first := open(t, records, sealer, time.Now)
	second := open(t, records, sealer, time.Now)
	for _, algorithm := range algorithms {
		a, errA := first.Signer(algorithm)
		b, errB := second.Signer(algorithm)
		if errA != nil || errB != nil || a.ID != b.ID {
			t.Errorf("%s: %v %v %v %v", algorithm, a, b, errA, errB)
		}
	}
	if kept, err := records.Keys(t.Context(), workspace); err != nil || len(kept) != len(algorithms) {
		t.Errorf("%d keys kept, %v", len(kept), err)
	}
}

func TestPublicHasNoPrivatePartAndDistinctIDs(t *testing.T) {
	public, err := open(t, memory.New(time.Now), newSealer(t), time.Now).Public()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(public)
	if err != nil {
		t.Fatal(err)
	}
	var document struct{ Keys []map[string]any }
	if err := json.Unmarshal(text, &document); err != nil {
		t.Fatal(err)
	}
	seen := map[any]bool{}
	for _, key := range document.Keys {
		for _, private := range []string{"d", "p", "q", "dp", "dq", "qi", "k"} {
			if _, there := key[private]; there {
				t.Errorf("published %q", private)
			}
		}
		if seen[key["kid"]] || key["alg"] == nil || key["use"] != "sig" {
			t.Errorf("key %v", key)
		}
		seen[key["kid"]] = true
	}
	if len(seen) != len(algorithms) {
		t.Errorf("%d keys published", len(seen))
	}
}

func TestStoredKeyIsSealed(t *testing.T) {
	records := memory.New(time.Now)
	open(t, records, newSealer(t), time.Now)
	kept, err := records.Keys(t.Context(), workspace)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range kept {
		if strings.Contains(string(record.Sealed), `"kty"`) {
			t.Error("a private key is readable in the store")
		}
	}
}

func TestSealedKeyOpensOnlyWithItsKeyAndInItsPlace(t *testing.T) {
	records, sealer := memory.New(time.Now), newSealer(t)
	open(t, records, sealer, time.Now)
	kept, err := records.Keys(t.Context(), workspace)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openRecord(kept[0], sealer); err != nil { // the control
		t.Fatalf("own record: %v", err)
	}
	if _, err := Open(t.Context(), records, newSealer(t), workspace, algorithms, time.Now); !errors.Is(err, ErrSeal) {
		t.Errorf("another key-encryption key: %v", err)
	}
	for name, change := range map[string]func(*store.Key){
		"workspace": func(k *store.Key) { k.Workspace = "demo/other" },
		"kid":       func(k *store.Key) { k.ID = "other" },
		"algorithm": func(k *store.Key) { k.Algorithm = "PS256" },
		"bytes":     func(k *store.Key) { k.Sealed[len(k.Sealed)/2] ^= 1 },
	} {
		record := kept[0]
		record.Sealed = append([]byte(nil), record.Sealed...)
		change(&record)
		if _, err := openRecord(record, sealer); !errors.Is(err, ErrSeal) {
			t.Errorf("changed %s: %v", name, err)
		}
	}
}

func TestNewSealerRefusesWhatIsNotAKey(t *testing.T) {
	for _, text := range []string{"", "short", "bm90IHRoaXJ0eS10d28gYnl0ZXM=", NewSealingKey().Reveal() + "AAAA"} {
		if _, err := NewSealer(oauth.Secret(text)); err == nil {
			t.Errorf("accepted a text of %d bytes", len(text))
		}
	}
}

func TestKeyEncryptionKeyIsChangedWithoutLosingAKey(t *testing.T) {
	records, before, after := memory.New(time.Now), NewSealingKey(), NewSealingKey()
	old, err := NewSealer(before)
	if err != nil {
		t.Fatal(err)
	}
	kept := open(t, records, old, time.Now).Status()
	both, err := NewSealer(after, before)
	if err != nil {
		t.Fatal(err)
	}
	set := open(t, records, both, time.Now)
	if got := set.Status(); len(got) != len(kept) || got[0].ID != kept[0].ID {
		t.Errorf("other keys: %+v, before %+v", got, kept)
	}
	next, err := set.Rotate(t.Context(), jwa.ES256, Rotation{Every: time.Hour, Lead: time.Minute, Keep: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := records.Keys(t.Context(), workspace)
	if err != nil {
		t.Fatal(err)
	}
	for _, record := range stored { // what is new is sealed with the new key alone
		if _, err := openRecord(record, old); (err == nil) == (record.ID == next.ID) {
			t.Errorf("the old key opens %s: %v", record.ID, err)
		}
	}
	if _, err := NewSealer(after, "not a key"); err == nil {
		t.Error("an earlier key that is none is accepted")
	}
}
