package session

import "testing"

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
