package page

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"cloakroom/app/state"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// tag is an element of a page that was drawn.
type tag struct{ *html.Node }

func (t tag) attribute(name string) string {
	for _, attribute := range t.Attr {
		if attribute.Key == name {
			return attribute.Val
		}
	}
	return ""
}

func (t tag) is(class string) bool {
	return slices.Contains(strings.Fields(t.attribute("class")), class)
}

// rest is what stands behind the prefix in the name of one of the classes.
func (t tag) rest(prefix string) string {
	for _, class := range strings.Fields(t.attribute("class")) {
		if rest, ok := strings.CutPrefix(class, prefix); ok {
			return rest
		}
	}
	return ""
}

// all are the elements below with the class, in the order of the document.
func (t tag) all(class string) (found []tag) {
	for node := range t.Descendants() {
		if below := (tag{node}); node.Type == html.ElementNode && below.is(class) {
			found = append(found, below)
		}
	}
	return found
}

// text is that of the first element below with the class; "" when there is none.
func (t tag) text(class string) string {
	found := t.all(class)
	if len(found) == 0 {
		return ""
	}
	var words strings.Builder
	for node := range found[0].Descendants() {
		if node.Type == html.TextNode {
			words.WriteString(node.Data)
		}
	}
	return strings.TrimSpace(words.String())
}

// shown is a message as the list has it, or the diagram.
type shown struct {
	from, to          string // of an arrow; of what one party tells, from only
	says              string
	number            string // of its step, in the list
	locked, lit, open bool
	echo              bool // told by the other end before, and nothing else is said of it
}

// listed are the messages of the list, and what of each the diagram has to say.
func listed(document tag) (rows []shown) {
	for _, step := range document.all("step") {
		for _, item := range step.all("message") {
			row := shown{
				number: step.attribute("data-step"),
				locked: item.is("message-locked"), lit: item.is("message-lit"), open: item.is("message-open"),
			}
			parties, checks := item.all("party"), item.text("checks")
			row.from = parties[0].rest("party-")
			if len(parties) > 1 {
				row.to = parties[1].rest("party-")
			}
			line, _, _ := strings.Cut(item.text("message-line"), " · ") // how long it took is not in the diagram
			switch {
			case row.locked:
				row.says = item.text("locked")
			case row.to != "":
				row.says = line
			default:
				row.says, row.echo = checks, checks == "" && !item.is("message-inside")
			}
			rows = append(rows, row)
		}
	}
	return rows
}

// drawn are the messages of the diagram.
func drawn(document tag) (rows []shown) {
	lanes := map[int]string{} // by their place
	place := func(element tag, attribute string) int {
		at, _ := strconv.Atoi(element.attribute(attribute))
		return at
	}
	for _, lane := range document.all("lane") {
		lanes[place(lane.all("lane-line")[0], "x1")] = lane.rest("lane-")
	}
	nearest := func(at int) string { // a note is moved so far that it is inside of the picture
		return lanes[slices.MinFunc(slices.Collect(maps.Keys(lanes)), func(a, b int) int { return max(a-at, at-a) - max(b-at, at-b) })]
	}
	for _, arrow := range document.all("arrow-row") {
		row := shown{
			from: nearest(place(arrow.all("arrow-label")[0], "x")), says: arrow.text("arrow-label"),
			locked: arrow.is("arrow-locked"), lit: arrow.is("arrow-lit"), open: arrow.is("arrow-open"),
		}
		for _, line := range arrow.all("arrow-line") {
			row.from, row.to = lanes[place(line, "x1")], lanes[place(line, "x2")]
		}
		rows = append(rows, row)
	}
	return rows
}

// saysAs reports whether a label of the diagram is what the list says, shortened in its middle at most. An arrow has the step's number.
func (s shown) saysAs(label string) bool {
	if s.to != "" && !s.locked {
		label = strings.TrimPrefix(label, s.number+" ")
	}
	before, after, short := strings.Cut(label, "…")
	if !short {
		return label == s.says
	}
	return s.to != "" && after != "" && strings.HasPrefix(s.says, before) && strings.HasSuffix(s.says, after)
}

// differences are those between the list and the diagram of a page. Those at the places without are not drawn: what is told once more
// by the other end, where it says nothing of its own.
func differences(t *testing.T, page string, without []int) (found []string) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var list []shown
	for at, row := range listed(tag{root}) {
		if !slices.Contains(without, at) {
			list = append(list, row)
		}
	}
	rows := drawn(tag{root})
	if len(list) != len(rows) {
		return []string{fmt.Sprintf("%d messages in the list, %d in the diagram", len(list), len(rows))}
	}
	for at, row := range list {
		got := rows[at]
		same := got.from == row.from && got.to == row.to && got.locked == row.locked && got.lit == row.lit && got.open == row.open
		if !same || !row.saysAs(got.says) {
			found = append(found, fmt.Sprintf("message %d: the list has %+v, the diagram %+v", at, row, got))
		}
	}
	return found
}

// echoes are the places in the list that the diagram has no row for. Only from a seat that sees everything can they be told.
func echoes(t *testing.T, page string) (places []int) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for at, row := range listed(tag{root}) {
		if row.echo {
			places = append(places, at)
		}
	}
	return places
}

// toldTwice is a recording in which the authorization server tells of what it got, once with its checks and once without.
func toldTwice(t *testing.T) []api.TraceEvent {
	t.Helper()
	var events []api.TraceEvent
	for _, event := range recording(t) {
		events = append(events, event)
		if event.Name == api.TracePAR && event.From == api.PartyBFF && event.Message != nil || event.Name == api.TraceTokenEndpoint && event.Flow == "flow1" && trace.IsRequest(event) {
			again := event
			again.ID, again.Emitter, again.At = event.ID+1000, api.PartyAuthorizationServer, event.At.Add(time.Microsecond)
			if event.Name == api.TracePAR {
				again.Checks = []api.TraceCheck{{Name: "client", Spec: "RFC 9126 §2.1", OK: true}}
			}
			events = append(events, again)
		}
	}
	return events
}

func TestDiagramIsThePictureOfTheList(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	said(t, window, api.EventTraceState, api.TraceState{Instrumented: []string{"baseline"}})
	check := func(state string, without []int) {
		t.Helper()
		for _, difference := range differences(t, html(), without) {
			t.Errorf("%s: %s", state, difference)
		}
	}
	check("before anything has happened", nil)
	events := toldTwice(t)
	for at, event := range events {
		tell(t, window, event)
		check(fmt.Sprintf("after event %d", at+1), echoes(t, html()))
	}
	for _, flow := range screen.state.Flows() {
		press(screen, screen.choose(flow.ID))
		hidden := echoes(t, html())
		if flow.Kind == api.FlowSignIn && len(hidden) != 1 {
			t.Errorf("the control: %d messages are told for nothing", len(hidden))
		}
		for _, seat := range trace.Seats {
			press(screen, screen.seat(seat))
			check(string(flow.Kind)+" from the seat "+string(seat), hidden)
		}
		press(screen, screen.seat(trace.Everywhere))
		press(screen, screen.density(state.Presenter))
		check(string(flow.Kind)+" for a presenter", hidden)
		press(screen, screen.density(state.Developer))
	}
}

func TestDiagramFollowsTheListAsItPlaysAndIsPointedAt(t *testing.T) {
	screen, window, html := inspect(t, &server{session: traced()})
	html()
	tell(t, window, toldTwice(t)...)
	html()
	signIn := flowOf(t, screen, api.FlowSignIn)
	press(screen, screen.choose(signIn))
	hidden := echoes(t, html())
	messages := screen.state.Shown()
	for _, message := range messages[:5] {
		press(screen, screen.toggle(trace.Key(message)))
		for _, difference := range differences(t, html(), hidden) {
			t.Errorf("open: %s", difference)
		}
	}
	press(screen, screen.point(messages[1].Message.Values[0].Ref))
	page := html()
	for _, difference := range differences(t, page, hidden) {
		t.Errorf("pointed at: %s", difference)
	}
	expect(t, page, []string{"message-lit", "arrow-lit"}, nil)

	press(screen, screen.play)
	for played := 1; screen.state.View.Playing; played++ {
		page := html()
		for _, difference := range differences(t, page, hidden) {
			t.Errorf("%d messages are played: %s", played, difference)
		}
		if rows := strings.Count(page, `class="arrow-hit"`); played <= len(messages) && rows > played {
			t.Fatalf("%d messages are played, and %d are drawn", played, rows)
		}
		window.tick(noon)
		html()
	}
}
