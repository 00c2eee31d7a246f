package component

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// Controls are how the flow is looked at: from which seat, in which words, and all at once or message by message.
func Controls(view Inspection) goapp.UI {
	seats := make([]goapp.UI, len(trace.Seats))
	for i, seat := range trace.Seats {
		seats[i] = pressed("seat-"+string(seat), text.Say.SeatName[string(seat)], view.View.Seat == seat, view.Do.Seat(seat))
	}
	return goapp.Div().Class("controls").Body(
		goapp.Div().Class("control").Role("group").Aria("labelledby", "lens-heading").Body(
			goapp.Span().ID("lens-heading").Class("control-name").Text(text.Say.LensHeading),
			goapp.Div().Class("segments").Body(seats...),
			goapp.P().ID(IDSeatSays).Class("quiet").Role("status").Text(text.Say.SeatSays[string(view.View.Seat)]),
		),
		DensityControl(view.View.Density, view.Do.Density),
	)
}

// DensityControl chooses how much is said. It is one choice for all screens that know more than one way.
func DensityControl(chosen state.Density, choose func(state.Density) goapp.EventHandler) goapp.UI {
	densities := make([]goapp.UI, len(state.Densities))
	for i, density := range state.Densities {
		densities[i] = pressed("density-"+string(density), text.Say.DensityName[string(density)], chosen == density, choose(density))
	}
	return goapp.Div().Class("control").Role("group").Aria("labelledby", "density-heading").Body(
		goapp.Span().ID("density-heading").Class("control-name").Text(text.Say.DensityHeading),
		goapp.Div().Class("segments").Body(densities...),
	)
}

func pressed(id, label string, on bool, handler goapp.EventHandler) goapp.UI {
	return goapp.Button().ID(id).Class("segment").Type("button").Aria("pressed", strconv.FormatBool(on)).
		OnClick(handler, goapp.EventScope(id)).Text(label)
}

// chip stands for a value that can only be compared. It is the same wherever the value is, and pointing at one shows all.
func chip(view Inspection, ref string) goapp.UI {
	label := text.Say.RefLabel + ref + text.Say.RefPlaces[0] + strconv.Itoa(view.Links.Count(ref)) + text.Say.RefPlaces[1]
	button := goapp.Button().Class("ref").Type("button").Aria("label", label).
		Aria("pressed", strconv.FormatBool(view.View.Pinned(ref))).
		OnClick(view.Do.Pin(ref), goapp.EventScope(ref)).
		OnMouseEnter(view.Do.Point(ref), goapp.EventScope(ref)).OnMouseLeave(view.Do.Point("")).
		OnFocus(view.Do.Point(ref), goapp.EventScope(ref)).OnBlur(view.Do.Point(""))
	if view.View.Lit() == ref {
		button = button.Class("ref-lit")
	}
	return button.Text(view.Links.Mark(ref) + " " + ref)
}

// lit reports whether the event carries the value that is pointed at.
func (v Inspection) lit(event api.TraceEvent) bool { return trace.Has(event, v.View.Lit()) }
