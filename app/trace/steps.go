package trace

import (
	"strconv"

	"cloakroom/bff/api"
)

// Step is one element of the list that the inspector shows: one of the ten steps, or a part of a flow that has none.
type Step struct {
	Number api.Step // 0 for a part that is none of the ten
	Name   api.TraceName
	Flow   string
	Events []api.TraceEvent
}

// Done reports whether the step has happened, as far as anybody told.
func (s Step) Done() bool { return len(s.Events) > 0 }

// Steps returns the list for one of the flows. A sign-in has all ten steps, whether they have happened or not: the last two
// are the first call of the API that came after it, before the next sign-in.
func Steps(flows []Flow, id string) []Step {
	for i, flow := range flows {
		if flow.ID != id {
			continue
		}
		if flow.Kind != api.FlowSignIn {
			return flow.parts()
		}
		steps := flow.ten()
		for _, later := range flows[i+1:] {
			if later.Kind == api.FlowSignIn {
				break
			}
			if later.Kind == api.FlowAPICall {
				steps = withCall(steps, later)
				break
			}
		}
		return steps
	}
	return nil
}

// ten sorts the events by their step. What is none of the ten stands with what came before it.
func (f Flow) ten() []Step {
	steps := make([]Step, api.StepResourceAnswer)
	for i := range steps {
		steps[i] = Step{Number: api.Step(i + 1), Flow: f.ID}
	}
	at := api.StepAccess
	for _, event := range f.Events {
		if event.Step != 0 {
			at = event.Step
		}
		steps[at-1].Events = append(steps[at-1].Events, event)
	}
	return steps
}

func withCall(steps []Step, call Flow) []Step {
	for i, step := range call.ten() {
		if step.Number >= api.StepResource && !steps[i].Done() {
			steps[i] = step
		}
	}
	// What of a call stands before its first step is part of it.
	for _, step := range call.ten()[:api.StepTokenResponse] {
		last := &steps[api.StepResource-1]
		last.Events = append(append([]api.TraceEvent{}, step.Events...), last.Events...)
	}
	return steps
}

// parts are the runs of events about the same thing.
func (f Flow) parts() []Step {
	var parts []Step
	for _, event := range f.Events {
		last := len(parts) - 1
		if last < 0 || parts[last].Number != event.Step || event.Step == 0 && parts[last].Name != event.Name {
			parts = append(parts, Step{Number: event.Step, Name: event.Name, Flow: f.ID})
			last++
		}
		parts[last].Events = append(parts[last].Events, event)
	}
	return parts
}

// Messages are the events of the steps, in the list's order: the diagram is drawn from it.
func Messages(steps []Step) []api.TraceEvent {
	var events []api.TraceEvent
	for _, step := range steps {
		events = append(events, step.Events...)
	}
	return events
}

// Stamped counts the steps that have happened.
func Stamped(steps []Step) int {
	done := 0
	for _, step := range steps {
		if step.Done() {
			done++
		}
	}
	return done
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }

// Until leaves the first n messages of the list and takes the later ones away, as if they had not happened yet.
func Until(steps []Step, n int) []Step {
	cut := make([]Step, len(steps))
	for i, step := range steps {
		take := min(n, len(step.Events))
		step.Events = step.Events[:take]
		n -= take
		cut[i] = step
	}
	return cut
}
