package keys

import (
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/lestrrat-go/jwx/v2/jwa"
	"github.com/lestrrat-go/jwx/v2/jwk"
	"github.com/lestrrat-go/jwx/v2/jws"

	"cloakroom/authserver/store/memory"
)

var rotation = Rotation{Every: 24 * time.Hour, Lead: time.Hour, Keep: 2 * time.Hour}

// clock is a clock that a test sets.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// instances opens a number of sets on one store: several processes.
func instances(t *testing.T, count int, c *clock, algorithms ...jwa.SignatureAlgorithm) []*Set {
	t.Helper()
	records, sealer := memory.New(c.Now), newSealer(t)
	sets := make([]*Set, count)
	failures := make([]error, count)
	var opening sync.WaitGroup
	for at := range sets {
		opening.Go(func() { sets[at], failures[at] = Open(t.Context(), records, sealer, workspace, algorithms, c.Now) })
	}
	opening.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	return sets
}

func sign(t *testing.T, set *Set, algorithm jwa.SignatureAlgorithm) []byte {
	t.Helper()
	key, err := set.Signer(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	headers := jws.NewHeaders()
	_ = headers.Set(jws.KeyIDKey, key.ID)
	signed, err := jws.Sign([]byte(rand.Text()), jws.WithKey(algorithm, key.Signer(), jws.WithProtectedHeaders(headers)))
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func published(t *testing.T, set *Set) jwk.Set {
	t.Helper()
	public, err := set.Public()
	if err != nil {
		t.Fatal(err)
	}
	return public
}

// life runs three instances for three days, in steps of five minutes. In turn they look after their keys and sign; a verifier that
// fetches the key set of some instance every 35 minutes, and never otherwise, verifies each token at once and again when it
// is nearly two hours old. It returns the verifications that failed and the keys that signed.
func life(t *testing.T, rotation Rotation, algorithm jwa.SignatureAlgorithm) (failed int, signers map[string]bool) {
	t.Helper()
	type issued struct {
		token []byte
		at    time.Time
	}
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	sets := instances(t, 3, c, algorithm)
	var cached jwk.Set
	var old []issued
	signers = map[string]bool{}
	verify := func(token []byte) {
		if _, err := jws.Verify(token, jws.WithKeySet(cached)); err != nil {
			failed++
		}
	}
	const step = 5 * time.Minute
	for turn := range int(3 * 24 * time.Hour / step) {
		set := sets[turn%len(sets)]
		if err := set.Maintain(t.Context(), rotation); err != nil {
			t.Fatal(err)
		}
		if turn%7 == 0 {
			cached = published(t, set)
		}
		token := sign(t, set, algorithm)
		verify(token)
		old = append(old, issued{token, c.now})
		key, _ := set.Signer(algorithm)
		signers[key.ID] = true
		for len(old) > 0 && c.now.Sub(old[0].at) >= 2*time.Hour-step {
			verify(old[0].token)
			old = old[1:]
		}
		c.now = c.now.Add(step)
	}
	return failed, signers
}

// J13: keys follow each other without one failed verification.
func TestRotationByScheduleFailsNoVerification(t *testing.T) {
	for _, algorithm := range []jwa.SignatureAlgorithm{jwa.ES256, jwa.EdDSA} {
		failed, signers := life(t, rotation, algorithm)
		if failed > 0 || len(signers) < 3 || len(signers) > 4 {
			t.Errorf("%s: %d verifications failed, %d keys signed in three days", algorithm, failed, len(signers))
		}
	}
	// The controls: what the lead and the keeping are for.
	if failed, _ := life(t, Rotation{Every: 24 * time.Hour, Lead: 0, Keep: 2 * time.Hour}, jwa.ES256); failed == 0 {
		t.Error("without a lead nothing failed either, so this shows nothing")
	}
	if failed, _ := life(t, Rotation{Every: 24 * time.Hour, Lead: time.Hour, Keep: 0}, jwa.ES256); failed == 0 {
		t.Error("without keeping retired keys nothing failed either, so this shows nothing")
	}
}

func TestKeyIsPublishedThenSignsThenRetiresThenGoes(t *testing.T) {
	c := &clock{now: time.Unix(1_800_000_000, 0)}
	set := instances(t, 1, c, jwa.ES256)[0]
	old := set.Status()[0].ID
	next, err := set.Rotate(t.Context(), jwa.ES256, rotation)
	if err != nil || next.ID == old || next.State != Published {
		t.Fatalf("%+v, %v", next, err)
	}
	for _, step := range []struct {
		after          time.Duration
		signer         string
		oldIs, nextIs  State
		publishedCount int
	}{
		{0, old, Active, Published, 2},
		{rotation.Lead - time.Second, old, Active, Published, 2},
		{time.Second, next.ID, Retired, Active, 2},
		{rotation.Keep - time.Second, next.ID, Retired, Active, 2},
		{time.Second, next.ID, Expired, Active, 1},
	} {
		c.now = c.now.Add(step.after)
		status := set.Status()
		signer, err := set.Signer(jwa.ES256)
		if err != nil || signer.ID != step.signer || status[0].State != step.oldIs || status[1].State != step.nextIs {
			t.Errorf("%s later: %+v, %v", step.after, status, err)
		}
		if count := published(t, set).Len(); count != step.publishedCount {
			t.Errorf("%s later: %d keys are published, want %d", step.after, count, step.publishedCount)
		}
		if _, err := set.Find(old); (err == nil) != (step.oldIs != Expired) {
			t.Errorf("%s later: find the old key: %v", step.after, err)
		}
	}
	if swept, err := set.store.(*memory.Store).Sweep(t.Context(), c.now, 10); err != nil || swept == 0 {
		t.Errorf("the expired key stays in the store: %d, %v", swept, err)
	}
}

func TestInstancesThatStartTogetherMakeOneKey(t *testing.T) {
	c := &clock{now: time.Now()}
	sets := instances(t, 8, c, jwa.ES256, jwa.EdDSA)
	for _, algorithm := range []jwa.SignatureAlgorithm{jwa.ES256, jwa.EdDSA} {
		signers := map[string]bool{}
		for _, set := range sets {
			key, err := set.Signer(algorithm)
			if err != nil {
				t.Fatal(err)
			}
			signers[key.ID] = true
		}
		if len(signers) != 1 {
			t.Errorf("%s: %d keys sign", algorithm, len(signers))
		}
	}
}

func TestRotationByManyInstancesMakesOneSuccessor(t *testing.T) {
	c := &clock{now: time.Now()}
	sets := instances(t, 8, c, jwa.ES256)
	failures := make([]error, len(sets))
	var rotating sync.WaitGroup
	for at, set := range sets {
		rotating.Go(func() { _, failures[at] = set.Rotate(t.Context(), jwa.ES256, rotation) })
	}
	rotating.Wait()
	if err := errors.Join(failures...); err != nil {
		t.Fatal(err)
	}
	if err := sets[0].Reload(t.Context()); err != nil || len(sets[0].Status()) != 2 {
		t.Errorf("%d keys, %v", len(sets[0].Status()), err)
	}
}

func TestAnotherInstanceTakesOverWhoDiedMakingAKey(t *testing.T) {
	c := &clock{now: time.Now()}
	set := instances(t, 1, c, jwa.ES256)[0]
	if err := set.store.UseOnce(t.Context(), workspace, placeOf, fmt.Sprintf("%s after %s", jwa.ES256, set.Status()[0].ID), c.now.Add(placeHeld)); err != nil {
		t.Fatal(err)
	}
	if next, err := set.Rotate(t.Context(), jwa.ES256, rotation); err != nil || next.State != Active || len(set.Status()) != 1 {
		t.Errorf("while the other may still be at it: %+v, %v", next, err)
	}
	c.now = c.now.Add(placeHeld)
	if next, err := set.Rotate(t.Context(), jwa.ES256, rotation); err != nil || next.State != Published {
		t.Errorf("when it is late: %+v, %v", next, err)
	}
}
