package trace

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloakroom/bff/api"
)

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time { return time.Unix(1_800_000_000, c.at.Load()) }

func (c *clock) advance(by time.Duration) { c.at.Add(int64(by)) }

func newTestTracer() (*Tracer, *clock) {
	c := &clock{}
	return New(Config{Cookie: cookieName, Now: c.now}), c
}

func watch(t *testing.T, tracer *Tracer, session string) *Watcher {
	t.Helper()
	w, ok := tracer.Watch(session, 0)
	if !ok {
		t.Fatal("too many watchers")
	}
	t.Cleanup(w.Close)
	return w
}

func say(f *Flow, name api.TraceName) { f.tell(&api.TraceEvent{Name: name}) }

func TestASessionSeesItsOwnFlowsOnly(t *testing.T) {
	tracer, _ := newTestTracer()
	alice, bob := watch(t, tracer, "alice"), watch(t, tracer, "bob")
	mine, nobodys := tracer.Begin(api.FlowAPICall), tracer.Begin(api.FlowAPICall)
	say(mine, api.TraceCall)
	say(nobodys, api.TraceCall)
	mine.Bind("alice", "p")
	say(mine, api.TraceAccessToken)
	if _, events := alice.Read(); len(events) != 2 || !strings.Contains(string(events[0].Data), mine.id) {
		t.Errorf("control: alice sees %d events", len(events))
	}
	if _, events := bob.Read(); len(events) != 0 {
		t.Errorf("bob sees %s", events[0].Data)
	}
}

func TestASignInIsSeenByTheSessionThatItReplacesAndByItsOwn(t *testing.T) {
	tracer, _ := newTestTracer()
	old := watch(t, tracer, "old")
	f := tracer.Begin(api.FlowSignIn)
	say(f, api.TraceLogin)
	f.Show("old")
	say(f, api.TraceCallback)
	_, before := old.Read()
	f.Bind("new", "p")
	_, after := watch(t, tracer, "new").Read()
	if len(before) != 2 || len(after) != 2 || before[0].ID != after[0].ID || before[1].ID != after[1].ID || before[0].ID >= before[1].ID {
		t.Errorf("before %v, after %v", before, after)
	}
	w, _ := tracer.Watch("new", before[1].ID)
	defer w.Close()
	say(f, api.TraceSessionStarted)
	if _, events := w.Read(); len(events) != 1 || !strings.Contains(string(events[0].Data), "session_started") {
		t.Errorf("a page that goes on with the other session reads %d events", len(events))
	}
}

func TestBuffersAreBounded(t *testing.T) {
	tracer, c := newTestTracer()
	f := tracer.Begin(api.FlowAPICall)
	f.Bind("s", "p")
	for range maxEvents + 10 {
		say(f, api.TraceCall)
	}
	w := watch(t, tracer, "s")
	if state, events := w.Read(); len(events) != maxEvents || state.Lost != 10 {
		t.Errorf("%d events, %+v", len(events), state)
	}
	for range 40 {
		f.tell(&api.TraceEvent{Name: api.TraceCall, Checks: []api.TraceCheck{{Name: strings.Repeat("x", 4<<10)}}})
	}
	if b := tracer.buffers["s"]; b.bytes > maxBytes || len(b.events) >= 20 || len(b.events) == 0 {
		t.Errorf("%d bytes in %d events", b.bytes, len(b.events))
	}
	c.advance(lifetime + time.Second)
	if _, events := watch(t, tracer, "s").Read(); len(events) != 0 {
		t.Errorf("%d events after %s", len(events), lifetime)
	}
	for i := range maxSessions + 50 {
		tracer.Begin(api.FlowAPICall).Bind(fmt.Sprint(i), "")
	}
	if len(tracer.buffers) > maxSessions || tracer.buffers["s"] == nil {
		t.Errorf("%d buffers; the watched one: %v", len(tracer.buffers), tracer.buffers["s"])
	}
	for range maxFlows + 50 {
		tracer.Begin(api.FlowSignIn).Correlate("x")
	}
	if len(tracer.flows) > maxFlows || len(tracer.known) != 1 {
		t.Errorf("%d flows, found by %d values", len(tracer.flows), len(tracer.known))
	}
	c.advance(2 * lifetime)
	tracer.Begin(api.FlowSignIn)
	if len(tracer.flows) != 1 || len(tracer.known) != 0 || len(tracer.buffers) > 1 {
		t.Errorf("afterwards %d flows, %d values, %d buffers", len(tracer.flows), len(tracer.known), len(tracer.buffers))
	}
}

func TestWatchersAreBounded(t *testing.T) {
	tracer, _ := newTestTracer()
	for range maxWatchersPerSession {
		watch(t, tracer, "s")
	}
	if _, ok := tracer.Watch("s", 0); ok {
		t.Error("a session has one watcher too many")
	}
	for i := range maxWatchers - maxWatchersPerSession {
		watch(t, tracer, fmt.Sprint(i))
	}
	if _, ok := tracer.Watch("another", 0); ok {
		t.Error("there is one watcher too many")
	}
}

func TestChecksBelongToTheMessageBeforeThem(t *testing.T) {
	tracer, _ := newTestTracer()
	f := tracer.Begin(api.FlowSignIn)
	f.Bind("s", "p")
	f.receive(&api.TraceEvent{Name: api.TraceCallback, Message: &api.TraceMessage{}})
	f.Check("state", "x", true)
	f.Judge(api.TraceIDToken, api.StepTokenResponse)
	say(f, api.TraceJWKS)
	f.Check("signature", "x", false)
	say(f, api.TraceUserinfo)
	_, events := watch(t, tracer, "s").Read()
	var got []string
	for _, e := range events {
		got = append(got, string(e.Data))
	}
	if len(got) != 4 || !strings.Contains(got[0], `"callback"`) || !strings.Contains(got[0], `"state"`) || !strings.Contains(got[1], `"jwks"`) ||
		!strings.Contains(got[2], `"id_token"`) || !strings.Contains(got[2], `{"name":"signature","spec":"x","ok":false}`) || !strings.Contains(got[2], `"step":8`) {
		t.Errorf("%q", got)
	}
}

// held waits until so many messages of the session are held.
func held(t *testing.T, tracer *Tracer, session string, count int) *State {
	t.Helper()
	for range 2000 {
		tracer.mu.Lock()
		b := tracer.buffer(session)
		state, holds := b.state(), len(b.holds)
		tracer.mu.Unlock()
		if holds == count {
			return state
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("there are never %d held", count)
	return nil
}

func TestStepModeHoldsUntilTheSessionLetsGo(t *testing.T) {
	tracer, _ := newTestTracer()
	on, off := true, false
	f := tracer.Begin(api.FlowAPICall)
	f.Bind("s", "p")
	f.Hold(t.Context(), api.HoldAPICall)
	tracer.Step("s", api.TraceStep{Stepping: &on})
	f.Hold(t.Context(), api.HoldAPICall) // nobody watches
	w := watch(t, tracer, "s")
	other := tracer.Begin(api.FlowAPICall)
	other.Bind("other", "p")
	other.Hold(t.Context(), api.HoldAPICall)
	done := make(chan struct{})
	hold := func(ctx context.Context) {
		go func() {
			f.Hold(ctx, api.HoldAPICall)
			done <- struct{}{}
		}()
	}
	hold(t.Context())
	if state := held(t, tracer, "s", 1); state.Held != api.HoldAPICall || state.HeldUntil.Sub(tracer.cfg.Now()) != holdTime {
		t.Errorf("%+v", state)
	}
	tracer.Step("other", api.TraceStep{})
	held(t, tracer, "s", 1)
	tracer.Step("s", api.TraceStep{})
	<-done
	ctx, leave := context.WithCancel(t.Context())
	hold(ctx)
	held(t, tracer, "s", 1)
	leave()
	<-done
	hold(t.Context())
	hold(t.Context())
	held(t, tracer, "s", 2)
	tracer.Step("s", api.TraceStep{Stepping: &off})
	<-done
	<-done
	if state := held(t, tracer, "s", 0); state.Stepping || state.Held != "" {
		t.Errorf("%+v", state)
	}
	_, _ = w.Read()
}

func TestHoldsAreBounded(t *testing.T) {
	tracer, _ := newTestTracer()
	on, off := true, false
	tracer.Step("s", api.TraceStep{Stepping: &on})
	watch(t, tracer, "s")
	f := tracer.Begin(api.FlowAPICall)
	f.Bind("s", "p")
	done := make(chan struct{})
	for range maxHolds {
		go func() {
			f.Hold(t.Context(), api.HoldAPICall)
			done <- struct{}{}
		}()
	}
	held(t, tracer, "s", maxHolds)
	f.Hold(t.Context(), api.HoldAPICall) // returns at once
	held(t, tracer, "s", maxHolds)
	tracer.Step("s", api.TraceStep{Stepping: &off})
	for range maxHolds {
		<-done
	}
}

func TestStepModeGoesWithTheBrowserToItsNextSession(t *testing.T) {
	tracer, _ := newTestTracer()
	on := true
	tracer.Step("old", api.TraceStep{Stepping: &on})
	f := tracer.Begin(api.FlowSignIn)
	f.Show("old")
	f.Bind("new", "p")
	if state, _ := watch(t, tracer, "new").Read(); !state.Stepping {
		t.Errorf("%+v", state)
	}
	tracer.Begin(api.FlowSignIn).Bind("another", "p")
	if state, _ := watch(t, tracer, "another").Read(); state.Stepping {
		t.Errorf("control: %+v", state)
	}
}

func TestEventsOfOtherServersFindTheirFlow(t *testing.T) {
	tracer, c := newTestTracer()
	f := tracer.Begin(api.FlowSignIn)
	f.Bind("s", "p")
	f.Correlate("the state")
	f.call("0123", &Exchange{Name: api.TracePAR, id: "ours"})
	w := watch(t, tracer, "s")
	tellAll := func(lines ...string) []Event {
		for _, line := range lines {
			_ = tracer.event("feed", api.EventTrace, []byte(line))
		}
		_, events := w.Read()
		return events
	}
	events := tellAll(
		`{"name":"authorize","step":2,"correlations":["`+digest("another")+`","`+digest("the state")+`"],"message":{"method":"GET","values":[{"in":"query","name":"state","digest":"`+digest("the state")+`"},{"in":"query","name":"x","digest":"short","ref":"abcdef"}]}}`,
		`{"name":"par","exchange":"theirs","trace_id":"0123","message":{"values":[{"in":"body","name":"t","token":{"header":{},"claims":{"jti":"digest:`+digest("j")+`","cnf":{"jkt":"digest:`+digest("k")+`"}}}}]}}`,
		`{"name":"token","trace_id":"4567"}`, `{"name":"token"}`, `[]`)
	if len(events) != 2 {
		t.Fatalf("%d events", len(events))
	}
	first, second := string(events[0].Data), string(events[1].Data)
	if !strings.Contains(first, `"ref":"`+f.redactor.reference("the state")) || strings.Contains(first, "abcdef") || strings.Contains(first+second, "digest") ||
		!strings.Contains(second, `"exchange":"ours"`) || !strings.Contains(second, `"jkt":"ref:`+f.redactor.reference("k")) || !strings.Contains(second, `"jti":"ref:`+f.redactor.reference("j")) {
		t.Errorf("%s\n%s", first, second)
	}
	early := `{"name":"backchannel_logout","correlations":["` + digest("sid") + `"]}`
	if events := tellAll(early); len(events) != 0 {
		t.Error("an event came before it could be known whose it is")
	}
	f.Correlate("sid")
	if events := tellAll(); len(events) != 1 {
		t.Error("an event that came early is lost")
	}
	_ = tellAll(strings.Replace(early, digest("sid"), digest("late"), 1))
	c.advance(earlyLife + time.Second)
	f.Correlate("unrelated")
	f.Correlate("late")
	if events := tellAll(); len(events) != 0 {
		t.Error("an event waited too long")
	}
}

func TestATraceThatIsOffDoesNothing(t *testing.T) {
	var tracer *Tracer
	f := tracer.Begin(api.FlowSignIn)
	if f != nil || tracer.Find("x") != nil || tracer.ToProvider(nil) != nil || tracer.ToAPI(nil, nil) != nil || With(t.Context(), nil) != t.Context() {
		t.Error("something is made")
	}
	if allocations := testing.AllocsPerRun(1000, func() { emitAll(f) }); allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
	on, _ := newTestTracer()
	if allocations := testing.AllocsPerRun(100, func() { emitAll(on.Begin(api.FlowSignIn)) }); allocations == 0 {
		t.Error("control: a trace that is on allocates nothing either")
	}
}

// emitAll calls every emitter.
func emitAll(f *Flow) {
	f.Provider("p")
	f.Show("s")
	f.Correlate("state")
	f.Judge(api.TraceIDToken, api.StepTokenResponse)
	f.Check("state", "RFC 6749 §10.12", true)
	f.Carries(api.InForm, "logout_token", "x")
	f.Refused("code")
	f.Bind("s", "p")
	if f.Bound() && f.Kind() == "" {
		panic("no kind")
	}
}

// BenchmarkEmittersOff is goal P22.
func BenchmarkEmittersOff(b *testing.B) {
	b.ReportAllocs()
	var f *Flow
	for b.Loop() {
		emitAll(f)
		f.Hold(context.Background(), api.HoldAPICall)
	}
}
