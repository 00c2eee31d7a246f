package component

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// Compare puts the flow beside another one, and marks what differs.
func Compare(view Inspection) goapp.UI {
	if len(view.Flows) == 0 {
		return nil
	}
	section := goapp.Section().ID(IDCompare).Class("card").Aria("labelledby", "compare-heading")
	heading := goapp.H2().ID("compare-heading").Text(text.Say.CompareHeading)
	if len(view.Flows) < 2 {
		return section.Body(heading, goapp.P().Class("quiet").Text(text.Say.CompareOnly))
	}
	return section.Body(
		heading,
		goapp.P().Class("quiet").Text(text.Say.CompareLede),
		goapp.Div().Class("compare-with").Body(
			goapp.Label().For(IDCompareWith).Text(text.Say.CompareWith),
			goapp.Select().ID(IDCompareWith).Class("field").OnChange(view.Do.Against).Body(others(view)...),
		),
		comparison(view),
	)
}

func others(view Inspection) []goapp.UI {
	options := []goapp.UI{goapp.Option().Value("").Selected(view.View.Against == "").Text(text.Say.CompareNone)}
	for i := len(view.Flows) - 1; i >= 0; i-- {
		flow := view.Flows[i]
		if flow.ID == view.Flow.ID {
			continue
		}
		name := text.Say.FlowKinds[flow.Kind] + ", " + flow.Began.Local().Format(text.Say.ClockLayout)
		options = append(options, goapp.Option().Value(flow.ID).Selected(view.View.Against == flow.ID).Text(name))
	}
	return options
}

// comparison is of both flows whole, however much of this one has been played. The other one may have been chosen meanwhile: with
// itself no flow is compared. How many messages differ is said in a place that was there before, so that it is read out.
func comparison(view Inspection) goapp.UI {
	other := trace.Messages(trace.Steps(view.Flows, view.View.Against))
	if len(other) == 0 || view.View.Against == view.Flow.ID {
		return goapp.Div().Body(comparedCount(""))
	}
	rows := trace.Compare(trace.Messages(trace.Steps(view.Flows, view.Flow.ID)), other)
	differ := 0
	list := make([]goapp.UI, len(rows))
	for i, row := range rows {
		if row.Differs() {
			differ++
		}
		list[i] = comparedRow(row)
	}
	says := strconv.Itoa(differ) + text.Say.CompareCount + strconv.Itoa(len(rows)) + text.Say.CompareDiffer
	return goapp.Div().Body(
		comparedCount(says),
		goapp.Elem("ol").Class("compare-list").Body(list...),
	)
}

func comparedCount(says string) goapp.UI {
	return goapp.P().ID(IDCompared).Class("compared").Role("status").Text(says)
}

func comparedRow(row trace.Row) goapp.UI {
	event := row.Either()
	item := goapp.Li().Class("compare-row")
	mark := text.Say.CompareSame
	switch {
	case row.A == nil || row.B == nil:
		item, mark = item.Class("compare-differs"), text.Say.CompareMissing
	case row.Differs():
		item, mark = item.Class("compare-differs"), text.Say.CompareDiffers
	}
	differences := make([]goapp.UI, len(row.Differences))
	for i, difference := range row.Differences {
		differences[i] = goapp.Li().Class("difference").Body(
			goapp.Code().Class("difference-name").Text(difference.Name),
			side2(text.Say.CompareFirst, difference.A), side2(text.Say.CompareSecond, difference.B),
		)
	}
	return item.Body(
		goapp.Div().Class("compare-head").Body(
			parties(event),
			goapp.Span().Class("message-title").Text(messageTitle(event)),
			goapp.Span().Class("compare-mark").Text(mark),
		),
		goapp.Div().Class("compare-sides").Body(compared(text.Say.CompareFirst, row.A), compared(text.Say.CompareSecond, row.B)),
		when(len(differences) > 0, func() goapp.UI { return goapp.Ul().Class("differences").Body(differences...) }),
	)
}

// compared is one run's side of a message.
func compared(label string, event *api.TraceEvent) goapp.UI {
	says := text.Say.UnknownTime
	switch {
	case event == nil:
	case event.Message != nil:
		says = messageLine(*event)
	default:
		says = messageTitle(*event)
	}
	return side2(label, says)
}

func side2(label, says string) goapp.UI {
	if says == "" {
		says = text.Say.UnknownTime
	}
	return goapp.Div().Class("compare-side").Body(
		goapp.Span().Class("compare-label").Text(label),
		goapp.Code().Text(says),
	)
}
