package observed

import (
	"errors"
	"testing"
	"time"

	"cloakroom/authserver/store"
	"cloakroom/authserver/store/memory"
	"cloakroom/authserver/store/storetest"
)

func TestObservedStoreKeepsTheContract(t *testing.T) {
	storetest.Run(t, func(_ *testing.T, now func() time.Time) store.Store {
		return New(memory.New(now), func(string, time.Duration, error) {})
	})
}

func TestEveryVerbIsReportedWithItsOutcome(t *testing.T) {
	type call struct {
		verb string
		err  error
	}
	var calls []call
	st := New(memory.New(time.Now), func(verb string, took time.Duration, err error) {
		if took < 0 {
			t.Errorf("%s took %s", verb, took)
		}
		calls = append(calls, call{verb, err})
	})
	_, missing := st.Grant(t.Context(), "w", "none")
	if err := st.UseOnce(t.Context(), "w", "use", "value", time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if len(calls) != 2 || calls[0].verb != "grant" || !errors.Is(calls[0].err, store.ErrNotFound) || !errors.Is(missing, store.ErrNotFound) ||
		calls[1].verb != "use_once" || calls[1].err != nil {
		t.Errorf("%+v", calls)
	}
}
