package session_test

import (
	"testing"

	"cloakroom/bff/session"
)

// A notice comes from whoever can write to the channel: it is read as it was written, or not at all.
func FuzzParseNotice(f *testing.F) {
	f.Add(session.FormatNotice(session.Notice{Origin: "here", ID: "r1", Kind: session.Ended, Reason: session.SignedOut}))
	f.Add(session.FormatNotice(session.Notice{Origin: "here", ID: "r1", Kind: session.Refreshed}))
	f.Add("2 here ended signed_out r1")
	f.Add("1 here ended r1")
	f.Fuzz(func(t *testing.T, payload string) {
		notice, ok := session.ParseNotice(payload)
		if ok && session.FormatNotice(notice) != payload {
			t.Errorf("%q is read as %v", payload, notice)
		}
	})
}

func TestNoticeOfAnotherFormIsPassedOver(t *testing.T) {
	want := session.Notice{Origin: "here", ID: "r1", Kind: session.Ended, Reason: session.SignedOut}
	if got, ok := session.ParseNotice(session.FormatNotice(want)); !ok || got != want {
		t.Errorf("read %v", got)
	}
	for _, payload := range []string{"", "2 here ended signed_out r1", "1 here ended r1", "1 here ended signed_out r1 more"} {
		if notice, ok := session.ParseNotice(payload); ok {
			t.Errorf("%q is read as %v", payload, notice)
		}
	}
}
