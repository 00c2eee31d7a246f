package component

import (
	"strconv"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// StepList is the flow as a list: everything else that shows it is derived from this.
func StepList(view Inspection) goapp.UI {
	rows := make([]goapp.UI, len(view.Steps))
	for i, step := range view.Steps {
		rows[i] = stepRow(view, step)
	}
	heading := text.StepsHeading
	if view.Flow.Kind != "" && view.Flow.Kind != api.FlowSignIn {
		heading = text.PartsHeading
	}
	return goapp.Section().Class("steps").Aria("labelledby", "steps-heading").Body(
		goapp.H2().ID("steps-heading").Text(heading),
		goapp.Elem("ol").ID(IDSteps).Class("step-list").Body(rows...),
	)
}

func stepRow(view Inspection, step trace.Step) goapp.UI {
	row := goapp.Li().Class("step")
	title, plain, number := text.Explain(step.Name).Title, "", ""
	if step.Number != 0 {
		title, plain, number = text.Steps[step.Number-1].Title, text.Steps[step.Number-1].Plain, strconv.Itoa(int(step.Number))
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
			when(!step.Done(), func() goapp.UI { return goapp.Span().Class("step-state").Text(text.StepNotYet) }),
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
	if open {
		row = row.Class("message-open")
	}
	return row.Body(
		goapp.Button().ID("message-"+key).Class("message-head").Type("button").Aria("expanded", strconv.FormatBool(open)).
			OnClick(view.Do.Toggle(key), goapp.EventScope(key)).Body(
			parties(event),
			goapp.Span().Class("message-title").Text(messageTitle(event)),
			when(event.Message != nil, func() goapp.UI { return goapp.Code().Class("message-line").Text(messageLine(event)) }),
			checksSummary(event),
		),
		when(open, func() goapp.UI { return messageDetail(view, event) }),
	)
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
	title := text.Explain(event.Name).Title
	if trace.IsResponse(event) {
		return text.AnswerTo + title
	}
	return title
}

// parties says who speaks to whom, each in its own colour and with its own name.
func parties(event api.TraceEvent) goapp.UI {
	if event.From == event.To {
		return goapp.Span().Class("parties").Body(party(event.From))
	}
	return goapp.Span().Class("parties").Body(party(event.From), goapp.Span().Class("arrow").Text(text.Arrow), party(event.To))
}

func party(party api.Party) goapp.UI {
	return goapp.Span().Class("party", "party-"+string(party)).Text(text.Parties[party])
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
		return text.DurationUnder1
	}
	return strconv.FormatInt(int64(milliseconds), 10) + text.Milliseconds
}

func checksSummary(event api.TraceEvent) goapp.UI {
	if len(event.Checks) == 0 {
		return nil
	}
	passed := 0
	for _, check := range event.Checks {
		if check.OK {
			passed++
		}
	}
	switch {
	case passed < len(event.Checks):
		return goapp.Span().Class("checks", "checks-failed").Text("✗ " + text.CheckFailed)
	case passed == 1:
		return goapp.Span().Class("checks").Text("✓ " + text.CheckPassed)
	default:
		return goapp.Span().Class("checks").Text("✓ " + strconv.Itoa(passed) + text.ChecksPassed)
	}
}
