package trace

import (
	"testing"
	"testing/synctest"
	"time"

	"cloakroom/bff/api"
)

// What one session keeps, and how long a message is held, in numbers: other tests go by the constants.
func TestLimitsAreThoseThatPeopleAreTold(t *testing.T) {
	if maxEvents != 200 || maxBytes != 64<<10 || lifetime != 10*time.Minute || MaxHold != time.Minute {
		t.Errorf("%d events, %d bytes, %s, held for %s", maxEvents, maxBytes, lifetime, MaxHold)
	}
}

// Nobody presses Next: the message goes on by itself, before what it carries has expired at the authorization server.
func TestMessageThatNobodyLetsGoGoesOnByItself(t *testing.T) {
	for place, want := range map[api.Hold]time.Duration{
		api.HoldAPICall: 60 * time.Second, api.HoldRedirect: 50 * time.Second, api.HoldTokenRequest: 50 * time.Second,
	} {
		synctest.Test(t, func(t *testing.T) {
			tracer := New(Config{Cookie: cookieName, Now: time.Now})
			on := true
			tracer.Step("s", api.TraceStep{Stepping: &on})
			w, _ := tracer.Watch("s", 0)
			defer w.Close()
			f := tracer.Begin(api.FlowAPICall)
			f.Bind("s", "p")
			began := time.Now()
			f.Hold(t.Context(), place)
			if held := time.Since(began); held != want {
				t.Errorf("%s was held for %s, want %s", place, held, want)
			}
			if state, _ := w.Read(); state.Held != "" || !state.Stepping {
				t.Errorf("%s: afterwards %+v", place, state)
			}
		})
	}
}
