package trace

import (
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	"cloakroom/bff/api"
)

// recorded is a session: a sign-in, a call, a renewal, a sign-out and a back-channel logout.
func recorded(t *testing.T) File {
	t.Helper()
	content, err := os.ReadFile("testdata/session.json")
	if err != nil {
		t.Fatal(err)
	}
	file, err := Read(content)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func logged(t *testing.T) *Log {
	t.Helper()
	log := new(Log)
	for _, event := range recorded(t).Events {
		if !log.Add(event) {
			t.Errorf("event %d is not new", event.ID)
		}
	}
	return log
}

func TestEventsAreGatheredIntoFlows(t *testing.T) {
	log := logged(t)
	var kinds []api.FlowKind
	for _, flow := range log.Flows() {
		kinds = append(kinds, flow.Kind)
	}
	if !slices.Equal(kinds, []api.FlowKind{api.FlowSignIn, api.FlowAPICall, api.FlowRefresh, api.FlowSignOut, api.FlowBackchannelLogout}) {
		t.Errorf("the flows are %v", kinds)
	}
}

func TestStreamThatRepeatsItselfAddsNothing(t *testing.T) {
	log := logged(t)
	before := len(log.Events())
	for _, event := range recorded(t).Events {
		if log.Add(event) {
			t.Errorf("event %d is new again", event.ID)
		}
	}
	// A new session counts from one again: its events are others.
	other := recorded(t).Events[0]
	other.Flow = "later"
	if !log.Add(other) || len(log.Events()) != before+1 {
		t.Error("an event of another flow is taken for a repetition")
	}
}

func TestLogDropsWholeFlowsWhenItIsFull(t *testing.T) {
	log := new(Log)
	for n := range Most + 1 {
		log.Add(api.TraceEvent{ID: uint64(n), Flow: strconv.Itoa(n / 100), At: time.Unix(int64(n), 0)})
	}
	if len(log.Events()) != Most+1-100 || log.Forgotten != 100 || log.Events()[0].Flow != "1" {
		t.Errorf("%d events, %d forgotten, the first of flow %s", len(log.Events()), log.Forgotten, log.Events()[0].Flow)
	}
	endless := new(Log)
	for n := range Most + 5 {
		endless.Add(api.TraceEvent{ID: uint64(n), Flow: "one"})
	}
	if len(endless.Events()) != Most || endless.Events()[0].ID != 5 {
		t.Errorf("%d events of one flow", len(endless.Events()))
	}
}

func TestEventsOfAFlowStandInTheOrderInWhichTheyHappened(t *testing.T) {
	log := new(Log)
	noon := time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	for _, event := range []api.TraceEvent{ // the authorization server's events come later than the BFF's
		{ID: 1, Flow: "f", At: noon}, {ID: 2, Flow: "f", At: noon.Add(2 * time.Second)}, {ID: 3, Flow: "f", At: noon.Add(time.Second)},
	} {
		log.Add(event)
	}
	if got := log.Flows()[0].Events; got[1].ID != 3 || got[2].ID != 2 {
		t.Errorf("the order is %d %d %d", got[0].ID, got[1].ID, got[2].ID)
	}
}

func TestSignInHasTenStepsWithTheFirstCall(t *testing.T) {
	flows := logged(t).Flows()
	steps := Steps(flows, "flow1")
	if len(steps) != 10 || Stamped(steps) != 10 {
		t.Fatalf("%d steps, %d stamped", len(steps), Stamped(steps))
	}
	for i, step := range steps {
		if int(step.Number) != i+1 {
			t.Errorf("step %d stands in place %d", step.Number, i+1)
		}
	}
	if steps[8].Flow != "flow2" || steps[9].Events[0].Name != api.TraceAccessToken {
		t.Errorf("the last steps are %+v", steps[8:])
	}
	// What is none of the ten stands with what came before it.
	if !slices.ContainsFunc(steps[7].Events, func(event api.TraceEvent) bool { return event.Name == api.TraceJWKS }) {
		t.Error("the keys are not fetched in step 8")
	}
	if got := len(Messages(steps)); got != len(flows[0].Events)+len(flows[1].Events) {
		t.Errorf("%d messages", got)
	}
	alone := Steps(flows[:1], "flow1")
	if len(alone) != 10 || Stamped(alone) != 8 || alone[8].Done() {
		t.Errorf("without a call, %d steps are stamped", Stamped(alone))
	}
}

func TestCallOfAnotherSignInIsNotTaken(t *testing.T) {
	flows := logged(t).Flows()
	next := flows[0]
	next.ID = "next"
	if steps := Steps([]Flow{flows[0], next, flows[1]}, "flow1"); steps[8].Done() {
		t.Error("the call after the next sign-in counts for this one")
	}
}

func TestOtherFlowsAreRunsOfTheSameThing(t *testing.T) {
	flows := logged(t).Flows()
	var names []api.TraceName
	for _, step := range Steps(flows, "flow3") {
		names = append(names, step.Name)
	}
	if !slices.Equal(names, []api.TraceName{api.TraceRefresh, api.TraceTokenEndpoint, api.TraceRefresh}) {
		t.Errorf("the parts are %v", names)
	}
	call := Steps(flows, "flow2") // has two of the ten, whatever their messages are called
	if len(call) != 2 || call[0].Number != api.StepResource || call[1].Number != api.StepResourceAnswer || len(call[1].Events) != 3 {
		t.Errorf("the call is %+v", call)
	}
	if Steps(flows, "unknown") != nil {
		t.Error("an unknown flow has steps")
	}
}
