package session

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestReasonThatArrivesWhileTheStoreIsAskedIsKept(t *testing.T) {
	w := newWatchers()
	w.add(t.Context(), "id")
	w.look("id")
	w.takeDue() // the store is being asked; it still shows the session
	w.suspect("id", SignedOut)
	w.seen("id", 1)
	if got := w.reason("id"); got != SignedOut {
		t.Errorf("the reason became %q", got)
	}

	w.takeDue() // the control: a reason that the store does not confirm is dropped
	w.seen("id", 1)
	if got := w.reason("id"); got == SignedOut {
		t.Error("a reason that the store did not confirm was kept")
	}
}

// The store shows an end before its reason is told. To look twice in that time, as for two watchers, is no reason either.
func TestEndIsDoubtedForAsLongAsItsReasonMayTake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWatchers()
		w.add(t.Context(), "late")
		w.add(t.Context(), "never")
		for _, id := range []string{"late", "late", "never"} {
			if reason := w.reason(id); reason != "" {
				t.Errorf("%s: at once it was %q", id, reason)
			}
		}
		time.Sleep(reasonDelay / 2)
		w.suspect("late", BackChannel)
		if reason := w.reason("never"); reason != "" {
			t.Errorf("before its time it was %q", reason)
		}
		time.Sleep(reasonDelay / 2)
		if late, never := w.reason("late"), w.reason("never"); late != BackChannel || never != EndedElsewhere {
			t.Errorf("the reasons are %q and %q", late, never)
		}
	})
}
