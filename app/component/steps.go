package component

import (
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// FlowView is the flow: as a list, as a ticket that is stamped, and as a diagram.
func FlowView(view Inspection) goapp.UI {
	return goapp.Div().Class("flow-view").Body(
		StepList(view),
		goapp.Div().Class("flow-side").Body(
			Stamps(view),
			when(len(view.Flows) > 0, func() goapp.UI {
				label := text.Say.Play
				if view.View.Playing {
					label = text.Say.Stop
				}
				return goapp.Button().ID(IDPlay).Class("button", "button-quiet", "button-small").Type("button").OnClick(view.Do.Play).Text(label)
			}),
			when(len(view.Flows) > 0 && !view.Instrumented(view.Flow.Provider), func() goapp.UI {
				return goapp.P().Class("quiet", "not-told").Text(text.Say.NotToldDetail)
			}),
			Diagram(view),
		),
	)
}

// StepList is the flow as a list: everything else that shows it is derived from this.
func StepList(view Inspection) goapp.UI {
	rows := make([]goapp.UI, len(view.Steps))
	for i, step := range view.Steps {
		rows[i] = stepRow(view, step)
	}
	heading := text.Say.StepsHeading
	if view.Flow.Kind != "" && view.Flow.Kind != api.FlowSignIn {
		heading = text.Say.PartsHeading
	}
	return goapp.Section().Class("steps").Aria("labelledby", "steps-heading").Body(
		goapp.H2().ID("steps-heading").Text(heading),
		goapp.Elem("ol").ID(IDSteps).Class("step-list").Body(rows...),
	)
}

func stepRow(view Inspection, step trace.Step) goapp.UI {
	row := goapp.Li().Class("step")
	title, plain, number := text.Say.Explain(step.Name).Title, "", ""
	if step.Number != 0 {
		title, plain, number = text.Say.Steps[step.Number-1].Title, text.Say.Steps[step.Number-1].Plain, strconv.Itoa(int(step.Number))
		row = row.DataSet("step", number)
	}
	if step.Done() {
		row = row.Class("step-done")
	}
	messages := make([]goapp.UI, len(step.Events))
	for i, event := range step.Events {
		messages[i] = messageRow(view, event)
	}
	return row.Body(
		goapp.Div().Class("step-head").Body(
			when(number != "", func() goapp.UI { return goapp.Span().Class("step-number").Aria("hidden", "true").Text(number) }),
			goapp.H3().Text(title),
			when(!step.Done(), func() goapp.UI { return goapp.Span().Class("step-state").Text(text.Say.StepNotYet) }),
		),
		when(plain != "", func() goapp.UI { return goapp.P().Class("quiet", "step-plain").Text(plain) }),
		when(step.Done(), func() goapp.UI { return goapp.Ul().Class("messages").Body(messages...) }),
	)
}

// messageRow is one message: a button that opens its detail below it.
func messageRow(view Inspection, event api.TraceEvent) goapp.UI {
	key := trace.Key(event)
	open := view.Event == key
	row := goapp.Li().Class("message", "from-"+string(event.From), messageClass(event))
	if lock := view.lock(event); lock != trace.Open {
		return row.Class("message-locked").Body(lockedMessage(view, event, lock))
	}
	if view.lit(event) {
		row = row.Class("message-lit")
	}
	if open {
		row = row.Class("message-open")
	}
	return row.Body(
		goapp.Button().ID("message-"+key).Class("message-head").Type("button").Aria("expanded", strconv.FormatBool(open)).
			OnClick(view.Do.Toggle(key), goapp.EventScope(key)).Body(
			tellers(view, event),
			checksSummary(trace.As(view.View.Seat, event)),
			goapp.Span().Class("message-title").Text(view.title(event)),
			when(event.Message != nil && view.View.Density != state.Plain, func() goapp.UI { return goapp.Code().Class("message-line").Text(messageLine(event)) }),
		),
		when(open, func() goapp.UI { return messageDetail(view, event) }),
	)
}

// lockedMessage says why the seat does not see the message.
func lockedMessage(view Inspection, event api.TraceEvent, lock trace.Lock) goapp.UI {
	sign, line := text.Say.Locked, ""
	if lock.Outline() {
		sign, line = text.Say.Encrypted, outline(event)
	}
	return goapp.Div().Class("message-head").Body(
		tellers(view, event),
		goapp.Span().Class("message-title", "locked").Text(sign),
		goapp.Span().Class("message-line", "message-why").Text(text.Say.Locks[string(lock)]+line),
	)
}

// outline is what somebody on the wire learns of a message that they cannot read.
func outline(event api.TraceEvent) string {
	if event.Message == nil {
		return ""
	}
	line := ""
	if event.Message.Origin != "" {
		line += " · " + event.Message.Origin
	}
	if event.Message.Size > 0 {
		line += " · " + strconv.FormatInt(event.Message.Size, 10) + text.Say.Bytes
	}
	if event.DurationUS > 0 {
		line += " · " + took(event.DurationUS)
	}
	return line
}

func messageClass(event api.TraceEvent) string {
	switch {
	case event.From == event.To:
		return "message-inside"
	case trace.IsResponse(event):
		return "message-response"
	default:
		return "message-request"
	}
}

func messageTitle(event api.TraceEvent) string {
	title := text.Say.Explain(event.Name).Title
	if trace.IsResponse(event) {
		return text.Say.AnswerTo + title
	}
	return title
}

// lock is why the seat does not see the event. What the other end tells once more, it tells for its checks.
func (v Inspection) lock(event api.TraceEvent) trace.Lock {
	lock := trace.See(v.View.Seat, event)
	if lock == trace.Open && v.Echo[trace.Key(event)] && !trace.SeesChecks(v.View.Seat, event) {
		return trace.LockInside
	}
	return lock
}

// title says of what the other end has told before that it is the same message.
func (v Inspection) title(event api.TraceEvent) string {
	switch title := messageTitle(event); {
	case !v.Echo[trace.Key(event)]:
		return title
	case event.Emitter == event.To:
		return text.Say.ReceivedBy + title
	default:
		return text.Say.SentBy + title
	}
}

// tellers says who speaks to whom, or who else tells of it.
func tellers(view Inspection, event api.TraceEvent) goapp.UI {
	if view.Echo[trace.Key(event)] {
		return goapp.Span().Class("parties").Body(party(event.Emitter))
	}
	return parties(event)
}

// parties says who speaks to whom, each in its own colour and with its own name.
func parties(event api.TraceEvent) goapp.UI {
	if event.From == event.To {
		return goapp.Span().Class("parties").Body(party(event.From))
	}
	return goapp.Span().Class("parties").Body(party(event.From), goapp.Span().Class("arrow").Text(text.Say.Arrow), party(event.To))
}

func party(party api.Party) goapp.UI {
	return goapp.Span().Class("party", "party-"+string(party)).Text(text.Say.Parties[party])
}

// messageLine is the request line, or the status and how long it took.
func messageLine(event api.TraceEvent) string {
	message := event.Message
	if trace.IsRequest(event) {
		return message.Method + " " + message.Route
	}
	line := strconv.Itoa(message.Status) + " " + trace.Phrase(message.Status)
	if event.DurationUS > 0 {
		line += " · " + took(event.DurationUS)
	}
	return line
}

func took(microseconds int64) string {
	milliseconds := (time.Duration(microseconds)*time.Microsecond + time.Millisecond/2) / time.Millisecond
	if milliseconds == 0 {
		return text.Say.DurationUnder1
	}
	return strconv.FormatInt(int64(milliseconds), 10) + text.Say.Milliseconds
}

func checksSummary(event api.TraceEvent) goapp.UI {
	summary, class := checkSummary(event)
	if summary == "" {
		return nil
	}
	return goapp.Span().Class("checks", class).Text(summary)
}

// checkSummary says in few words how the checks of an event went.
func checkSummary(event api.TraceEvent) (summary, class string) {
	passed := 0
	for _, check := range event.Checks {
		if check.OK {
			passed++
		}
	}
	switch {
	case len(event.Checks) == 0:
		return "", ""
	case passed < len(event.Checks):
		return "✗ " + text.Say.CheckFailed, "checks-failed"
	case passed == 1:
		return "✓ " + text.Say.CheckPassed, "checks-passed"
	default:
		return "✓ " + strconv.Itoa(passed) + text.Say.ChecksPassed, "checks-passed"
	}
}
