package page

import (
	"slices"
	"strings"
	"testing"
	"time"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
	"golang.org/x/net/html"

	"cloakroom/app/backend"
	"cloakroom/app/component"
	"cloakroom/bff/api"
)

// region is an element whose changes are read out by themselves (WAI-ARIA 1.2 §5.3.5 and §6.6).
type region struct {
	name   string // its id, or its class
	role   string
	live   string // aria-live, where it is said
	within bool   // another one, which would read it out once more
}

// implied is how the roles are read out by themselves. A timer is not.
var implied = map[string]string{"status": "polite", "log": "polite", "alert": "assertive", "marquee": "off", "timer": "off"}

func regions(t *testing.T, document string) (found []region) {
	t.Helper()
	root, err := html.Parse(strings.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	var walk func(node *html.Node, within bool)
	walk = func(node *html.Node, within bool) {
		value := map[string]string{}
		for _, attribute := range node.Attr {
			value[attribute.Key] = attribute.Val
		}
		if node.Type == html.ElementNode && node.Data == "output" && value["role"] == "" { // HTML-AAM: it is a status
			value["role"] = "status"
		}
		if _, said := value["aria-live"]; said || implied[value["role"]] != "" {
			name := value["class"]
			if value["id"] != "" {
				name = "#" + value["id"]
			}
			found = append(found, region{name, value["role"], value["aria-live"], within})
			within = true
		}
		for child := range node.ChildNodes() {
			walk(child, within)
		}
	}
	walk(root, false)
	return found
}

// interrupts says what is wrong with a region; "" is nothing. Only the place of an error may interrupt who listens to something else.
func (r region) interrupts() string {
	is := r.live
	if is == "" {
		is = implied[r.role]
	}
	switch {
	case r.within:
		return "is in another one"
	case is == "polite" || is == "off":
		return ""
	case r.role == "alert" && r.live == "" && r.name == "alert-place":
		return ""
	default:
		return "is " + is
	}
}

// polite is what every test of a screen looks at, whatever state it is in.
func polite(t *testing.T, document string) {
	t.Helper()
	for _, region := range regions(t, document) {
		if wrong := region.interrupts(); wrong != "" {
			t.Errorf("the region %s (%s) %s", region.name, region.role, wrong)
		}
	}
}

// read are the regions that are read out when they change.
func read(t *testing.T, document string) string {
	t.Helper()
	polite(t, document)
	var names []string
	for _, region := range regions(t, document) {
		if region.role != "timer" {
			names = append(names, region.role+" "+region.name)
		}
	}
	return strings.Join(names, ", ")
}

const (
	status   = "status #status"
	alert    = ", alert alert-place"
	seatSays = ", status #seat-says"
	stepHeld = ", status #held"
)

// The regions of a screen are there before there is something to say: what comes with its text is not read out by all readers.
func TestWhatChangesByItselfIsReadOutPolitely(t *testing.T) {
	server := &server{session: traced(), sessions: []api.SessionInfo{{Handle: "h1", Current: true}, {Handle: "h2"}}}
	_, home := open(t, server, &window{})
	session, clock, sessions := watch(t, server)
	inspector, stream, inspects := inspect(t, server)
	build := NewBuild(World{Browser: &window{}})
	is := func(state, document, want string) {
		t.Helper()
		if got := read(t, document); got != want {
			t.Errorf("%s: %q is read out, want %q", state, got, want)
		}
	}
	for state, screen := range map[string]goapp.UI{"home": NewHome(World{}), "session": NewSession(World{})} {
		is(state+", prerendered", goapp.HTMLString(screen), status+alert)
	}
	is("inspector, prerendered", goapp.HTMLString(NewInspector(World{})), status+alert+seatSays)
	is("build, prerendered", goapp.HTMLString(NewBuild(World{})), status)
	is("not found", goapp.HTMLString(NewNotFound()), "")
	is("build", show(t, build, build.OnMount)(), status)
	is("home", home(), status+alert)

	const warning = ", status alert-place"
	is("session", sessions(), status+alert+warning)
	clock.tick(clock.now.Add(29 * time.Minute))
	is("session, which soon ends", sessions(), status+alert+warning)
	server.err = backend.ErrUnreachable
	session.refresh(anyCtx, event)
	is("session, out of reach", sessions(), status+alert+warning)
	server.err = nil
	clock.heard(backend.Event{Name: api.EventEnded, Data: "{}"})
	is("session, ended", sessions(), status+alert)

	is("inspector", inspects(), status+alert+stepHeld)
	tell(t, stream, recording(t)...)
	const compared = ", status #" + component.IDCompared
	is("inspector, with flows", inspects(), status+alert+stepHeld+seatSays+compared)
	said(t, stream, api.EventTraceState, api.TraceState{Stepping: true, Held: api.HoldAPICall, HeldUntil: noon.Add(time.Minute)})
	stream.field = inspector.state.Flows()[0].ID
	press(inspector, inspector.choose(inspector.state.Flows()[1].ID))
	press(inspector, inspector.against)
	expect(t, inspects(), []string{"compare-list", `id="` + component.IDNext}, nil)
	is("inspector, held and compared", inspects(), status+alert+stepHeld+seatSays+compared)
	server.session = api.Session{}
	stream.returned()
	is("inspector, signed out", inspects(), status+alert+seatSays+compared)
}

// The control: what interrupts is found, whoever made it.
func TestRegionsThatInterruptAreFound(t *testing.T) {
	for markup, want := range map[string]string{
		`<p role="status">a</p><p role="log">b</p><p role="timer">c</p><output>d</output><p aria-live="polite">e</p>`: "",
		`<div class="alert-place" role="alert"></div>`:                                                                "",
		`<p id="p" role="alert">a</p>`:                                                                                "is assertive",
		`<p role="status" aria-live="assertive">a</p>`:                                                                "is assertive",
		`<output aria-live="rude">a</output>`:                                                                         "is rude",
		`<div class="alert-place" role="alert" aria-live="assertive"></div>`:                                          "is assertive",
		`<div role="status"><p aria-live="polite">a</p></div>`:                                                        "is in another one",
	} {
		var found []string
		for _, region := range regions(t, markup) {
			if wrong := region.interrupts(); wrong != "" {
				found = append(found, wrong)
			}
		}
		if want == "" && found != nil || want != "" && !slices.Equal(found, []string{want}) {
			t.Errorf("%s: %q", markup, found)
		}
	}
}
