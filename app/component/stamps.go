package component

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// Stamps is the ticket, stamped step by step; a sign-out tears it.
func Stamps(view Inspection) goapp.UI {
	figure := goapp.Elem("figure").Class("punched")
	if view.Torn {
		figure = figure.Class("picture-torn")
	}
	steps := stamped(view)
	if len(steps) != len(text.Say.Steps) {
		return nil
	}
	stamps := make([]goapp.UI, len(steps))
	for i, step := range steps {
		stamps[i] = stamp(i, step.Done())
	}
	label := text.Say.TicketStamped[0] + strconv.Itoa(trace.Stamped(steps)) + text.Say.TicketStamped[1]
	return figure.Body(
		shape("svg", "ticket", "viewBox", "0 0 480 132", "role", "img", "aria-label", label).Body(
			shape("g", "stub-head").Body(
				path("stub-shadow", "M12 14h366v112H12V82a14 14 0 0 0 0-28z"),
				path("paper stub-paper", "M12 8h366v112H12V78a14 14 0 0 0 0-28z"),
				shape("g", "stamps").Body(stamps...),
			),
			shape("g", "stub-tail").Body(
				path("stub-shadow", "M378 14h90v40a14 14 0 0 0 0 28v44h-90z"),
				path("paper stub-paper", "M378 8h90v42a14 14 0 0 0 0 28v42h-90z"),
				path("perforation", "M378 16v98"),
				number("stub-number punched-number", "423", "76", strconv.Itoa(ticketOf(view))),
			),
		),
	)
}

// stamped are the steps of the flow that is looked at. The flow of a sign-out has none: it tears the ticket that the last sign-in
// stamped.
func stamped(view Inspection) []trace.Step {
	if !view.Torn || len(view.Steps) == len(text.Say.Steps) {
		return view.Steps
	}
	for i := len(view.Flows) - 1; i >= 0; i-- {
		if view.Flows[i].Kind == api.FlowSignIn {
			return trace.Steps(view.Flows, view.Flows[i].ID)
		}
	}
	return nil
}

func ticketOf(view Inspection) int {
	if view.Ticket == 0 {
		return specimen
	}
	return view.Ticket
}

// stamp is one of ten, in two rows.
func stamp(index int, done bool) goapp.UI {
	x, y := 64+index%5*66, 38+index/5*52
	class := "stamp"
	if done {
		class = "stamp stamp-done"
	}
	return shape("g", class).Body(
		shape("circle", "stamp-ring", "cx", strconv.Itoa(x), "cy", strconv.Itoa(y), "r", "20"),
		shape("circle", "stamp-inner", "cx", strconv.Itoa(x), "cy", strconv.Itoa(y), "r", "16"),
		shape("text", "stamp-number", "x", strconv.Itoa(x), "y", strconv.Itoa(y+6), "text-anchor", "middle", "aria-hidden", "true").Text(strconv.Itoa(index+1)),
	)
}
