package text

import "cloakroom/bff/api"

// Trace explains what is on the trace.
type Trace struct {
	// Explanations are for the messages, Unexplained is the reason of one that has none.
	Explanations map[api.TraceName]Explained
	Unexplained  string

	// Steps are the ten, in order: the first is [api.StepAccess].
	Steps []Step

	// Parties are the names of the lanes.
	Parties map[api.Party]string

	// FlowKinds are what the flows are called.
	FlowKinds map[api.FlowKind]string

	// Holds say what step mode holds, and what happens next.
	Holds map[api.Hold]string
}

// Explained is what the inspector says of a message: what it is, why it happens, and where that is specified.
type Explained struct{ Title, Why, Spec string }

// Step is one of the ten steps, in plain words.
type Step struct{ Title, Plain string }

// Explain explains a message. A name that it does not know is shown as it is.
func (t *Trace) Explain(name api.TraceName) Explained {
	if known, ok := t.Explanations[name]; ok {
		return known
	}
	return Explained{Title: string(name), Why: t.Unexplained}
}
