package component

import (
	"strconv"
	"strings"
	"unicode/utf8"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// The measures of the diagram, in its own units.
const (
	laneGap   = 116
	laneFirst = 58
	rowFirst  = 62
	rowHeight = 38
	lanesWide = 4 * laneGap
	labelMost = 30
	noteLeast = 112
	noteRune  = 7 // of a wide system font
)

var lanes = []api.Party{api.PartyBrowser, api.PartyBFF, api.PartyAuthorizationServer, api.PartyAPI}

// Diagram is the list as a sequence diagram. It is a picture of the list: what it says is said there, too.
func Diagram(view Inspection) goapp.UI {
	events := drawn(view)
	height := rowFirst + rowHeight*(len(events)+1)
	parts := make([]goapp.UI, 0, len(events)+len(lanes))
	for i, party := range lanes {
		parts = append(parts, lane(view, party, laneFirst+i*laneGap, height))
	}
	for i, event := range events {
		parts = append(parts, arrow(view, event, rowFirst+rowHeight*(i+1)))
	}
	return goapp.Div().Class("diagram").TabIndex(0).Role("region").Aria("label", text.Say.DiagramLabel).Body(
		shape("svg", "sequence", "viewBox", "0 0 "+strconv.Itoa(lanesWide)+" "+strconv.Itoa(height),
			"role", "img", "aria-label", text.Say.DiagramLabel).Body(parts...),
	)
}

// drawn are the messages that get a row: what the other end tells once more does so only for its checks.
func drawn(view Inspection) []api.TraceEvent {
	var events []api.TraceEvent
	for _, event := range trace.Messages(view.Steps) {
		if !view.Echo[trace.Key(event)] || len(event.Checks) > 0 {
			events = append(events, event)
		}
	}
	return events
}

// lane is a party: its name, and a line in its colour and of its kind.
func lane(view Inspection, party api.Party, x, height int) goapp.UI {
	at := strconv.Itoa(x)
	first, second, _ := strings.Cut(text.Say.Parties[party], " ")
	note := ""
	if party == api.PartyAuthorizationServer && !view.Instrumented(view.Flow.Provider) {
		note = text.Say.NotTold
	}
	return shape("g", "lane lane-"+string(party)).Body(
		shape("text", "lane-name", "x", at, "y", "20", "text-anchor", "middle").Text(first),
		shape("text", "lane-name", "x", at, "y", "36", "text-anchor", "middle").Text(second),
		shape("text", "lane-note", "x", at, "y", "52", "text-anchor", "middle").Text(note),
		shape("line", "lane-line", "x1", at, "y1", "60", "x2", at, "y2", strconv.Itoa(height-6)),
	)
}

func laneOf(party api.Party) int {
	for i, one := range lanes {
		if one == party {
			return laneFirst + i*laneGap
		}
	}
	return laneFirst
}

// arrow is a message, or a mark on one lane for what was decided there.
func arrow(view Inspection, event api.TraceEvent, y int) goapp.UI {
	class := "arrow-row arrow-" + string(event.From)
	label := short(trace.Label(event))
	lock := view.lock(event)
	switch {
	case lock.Outline():
		class, label = class+" arrow-locked", text.Say.Encrypted
	case lock != trace.Open:
		class, label = class+" arrow-locked", text.Say.Locked
	}
	if lock == trace.Open && view.Event == trace.Key(event) {
		class += " arrow-open"
	}
	if lock == trace.Open && view.lit(event) {
		class += " arrow-lit"
	}
	row := shape("g", class)
	if lock == trace.Open {
		row = row.OnClick(view.Do.Toggle(trace.Key(event)), goapp.EventScope(trace.Key(event), lock))
	}
	from, to := laneOf(event.From), laneOf(event.To)
	if view.Echo[trace.Key(event)] {
		from, to = laneOf(event.Emitter), laneOf(event.Emitter)
	}
	if from == to {
		label = noteLabel(trace.As(view.View.Seat, event), label, lock)
		width := max(noteLeast, noteRune*utf8.RuneCountInString(label))
		from = min(max(from, width/2+1), lanesWide-width/2-1) // inside of the picture
		return row.Body(
			shape("rect", "arrow-hit", "x", "0", "y", strconv.Itoa(y-rowHeight+8), "width", strconv.Itoa(lanesWide), "height", strconv.Itoa(rowHeight)),
			shape("rect", "arrow-note", "x", strconv.Itoa(from-width/2), "y", strconv.Itoa(y-19), "width", strconv.Itoa(width), "height", "24", "rx", "5"),
			shape("text", "arrow-label", "x", strconv.Itoa(from), "y", strconv.Itoa(y-3), "text-anchor", "middle").Text(label),
		)
	}
	line := "arrow-line"
	if trace.IsResponse(event) {
		line += " arrow-answer"
	}
	return row.Body(
		shape("rect", "arrow-hit", "x", "0", "y", strconv.Itoa(y-rowHeight+8), "width", strconv.Itoa(lanesWide), "height", strconv.Itoa(rowHeight)),
		shape("line", line, "x1", strconv.Itoa(from), "y1", strconv.Itoa(y), "x2", strconv.Itoa(to), "y2", strconv.Itoa(y)),
		path("arrow-head", head(from, to, y)),
		shape("text", "arrow-label", "x", strconv.Itoa((from+to)/2), "y", strconv.Itoa(y-7), "text-anchor", "middle").Text(label),
	)
}

func noteLabel(event api.TraceEvent, label string, lock trace.Lock) string {
	if lock != trace.Open {
		return label
	}
	if summary, _ := checkSummary(event); summary != "" {
		return summary
	}
	return strings.TrimSpace(strings.TrimLeft(label, "0123456789"))
}

func head(from, to, y int) string {
	back := to - 9
	if to < from {
		back = to + 9
	}
	return "M" + strconv.Itoa(to) + " " + strconv.Itoa(y) + "L" + strconv.Itoa(back) + " " + strconv.Itoa(y-5) + "V" + strconv.Itoa(y+5) + "z"
}

// short keeps the end of a path, which tells most.
func short(label string) string {
	runes := []rune(label)
	if len(runes) <= labelMost {
		return label
	}
	return string(runes[:8]) + "…" + string(runes[len(runes)-labelMost+9:])
}
