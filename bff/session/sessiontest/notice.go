package sessiontest

import (
	"fmt"
	"testing"
	"time"

	"cloakroom/bff/session"
)

var noticeTests = map[string]func(*testing.T, *bench){
	"a notice reaches every subscriber, in order":     noticesReachAll,
	"who has unsubscribed hears nothing, others do":   unsubscribedHearsNothing,
	"who subscribes is told when it hears everything": subscriberLearnsThatItListens,
}

// patience is how long what has to come may take on a busy machine.
const patience = 30 * time.Second

// listener subscribes and waits until it hears.
func (b *bench) listener(t *testing.T) (heard chan session.Notice, stop func()) {
	t.Helper()
	heard = make(chan session.Notice, 100)
	states := make(chan bool, 10)
	stop = b.store.Subscribe(func(n session.Notice) { heard <- n }, func(on bool) { states <- on })
	select {
	case on := <-states:
		if !on {
			t.Error("the first that a subscriber learns is that it does not listen")
		}
	case <-time.After(patience):
		t.Fatal("the subscription does not begin")
	}
	return heard, stop
}

func (b *bench) notify(t *testing.T, n int) session.Notice {
	t.Helper()
	notice := session.Notice{Origin: "here", ID: fmt.Sprintf("r%d", n), Kind: session.Ended, Reason: session.BackChannel}
	if n%2 == 0 {
		notice.Kind, notice.Reason = session.Refreshed, ""
	}
	if err := b.store.Notify(t.Context(), notice); err != nil {
		t.Fatal(err)
	}
	return notice
}

func wantNotice(t *testing.T, heard chan session.Notice, want session.Notice) {
	t.Helper()
	select {
	case got := <-heard:
		if got != want {
			t.Errorf("heard %v, want %v", got, want)
		}
	case <-time.After(patience):
		t.Fatalf("%v was not heard", want)
	}
}

func noticesReachAll(t *testing.T, b *bench) {
	first, stopFirst := b.listener(t)
	defer stopFirst()
	second, stopSecond := b.listener(t)
	defer stopSecond()
	for i := range 50 {
		want := b.notify(t, i)
		wantNotice(t, first, want)
		wantNotice(t, second, want)
	}
}

func unsubscribedHearsNothing(t *testing.T, b *bench) {
	gone, stop := b.listener(t)
	stop()
	stays, stopStays := b.listener(t)
	defer stopStays()
	wantNotice(t, stays, b.notify(t, 1))
	select {
	case notice := <-gone:
		t.Errorf("heard %v", notice)
	default:
	}
}

func subscriberLearnsThatItListens(t *testing.T, b *bench) {
	_, stop := b.listener(t) // waits for it
	defer stop()
	generation, err := b.store.Generation(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if again, err := b.store.Generation(t.Context()); err != nil || again != generation {
		t.Errorf("nothing happened, and the generation went from %d to %d (%v)", generation, again, err)
	}
}
