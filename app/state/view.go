package state

import (
	"errors"
	"time"

	"cloakroom/app/backend"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// Density is how much is said, and how: it changes words and detail, never permissions.
type Density string

// The presets.
const (
	Plain     Density = "plain"
	Developer Density = "developer"
	Presenter Density = "presenter"
)

// Densities are all of them, in the order in which they are offered.
var Densities = []Density{Plain, Developer, Presenter}

// ReadDensity takes what was kept; anything else is the developer's.
func ReadDensity(kept string) Density {
	switch Density(kept) {
	case Plain, Presenter:
		return Density(kept)
	default:
		return Developer
	}
}

// View is how the user looks at a flow.
type View struct {
	Density Density
	Seat    trace.Seat
	Against string // the flow that this one is compared with; "" is none
	Playing bool
	Until   int // how many messages are shown while it plays

	pointed, pinned string // references
}

// Lit is the reference that is to be seen everywhere it is.
func (v *View) Lit() string {
	if v.pointed != "" {
		return v.pointed
	}
	return v.pinned
}

// Pinned reports whether the reference stays lit.
func (v *View) Pinned(ref string) bool { return ref != "" && v.pinned == ref }

// Point lights a reference for as long as it is pointed at; "" is nothing.
func (v *View) Point(ref string) { v.pointed = ref }

// Pin lights a reference until it is pinned again.
func (v *View) Pin(ref string) {
	if v.pinned == ref {
		ref = ""
	}
	v.pinned = ref
}

// Play begins to show the flow message by message, or stops with all of it.
func (v *View) Play() {
	v.Playing = !v.Playing
	v.Until = 1
}

// Played shows one message more, of as many as there are. It reports whether there are more.
func (v *View) Played(messages int) (more bool) {
	if v.Until++; v.Until >= messages {
		v.Playing = false
	}
	return v.Playing
}

// Shown are the messages of the chosen flow, in the list's order.
func (i *Inspector) Shown() []api.TraceEvent {
	flows := i.Flows()
	return trace.Messages(trace.Steps(flows, i.Chosen(flows)))
}

// NowPlaying says which message has just appeared.
func (i *Inspector) NowPlaying() {
	shown := i.Shown()
	if at := i.View.Until - 1; at < len(shown) {
		i.Status = text.Say.PlayingNow + text.Say.Explain(shown[at].Name).Title
	}
}

// Open takes a file that was chosen. What cannot be opened changes nothing else.
func (i *Inspector) Open(name string, content []byte, err error) {
	var file trace.File
	if err == nil {
		file, err = trace.Read(content)
	}
	if errors.Is(err, backend.ErrNoFile) {
		return
	}
	if err != nil {
		i.Alert = &Alert{Message: whyNotOpened(err)}
		return
	}
	i.Opened, i.FileName, i.Alert = &file, name, nil
	i.Flow, i.Event, i.View.Against, i.View.Playing = "", "", "", false
	i.Status = text.Say.StatusOpened
}

func whyNotOpened(err error) text.Message {
	for _, known := range []struct {
		err  error
		says text.Message
	}{
		{backend.ErrFileTooBig, text.Say.FileTooLarge},
		{trace.ErrTooLarge, text.Say.FileTooLarge},
		{trace.ErrNotJSON, text.Say.FileNotJSON},
		{trace.ErrVersion, text.Say.FileVersion},
		{trace.ErrEmpty, text.Say.FileEmpty},
		{trace.ErrNotTrace, text.Say.FileNotTrace},
	} {
		if errors.Is(err, known.err) {
			return known.says
		}
	}
	return text.Say.FileUnreadable
}

// Close goes back from the file to what is live.
func (i *Inspector) Close() {
	i.Opened, i.FileName, i.Status = nil, "", text.Say.StatusClosed
	i.Flow, i.Event, i.View.Against, i.View.Playing = "", "", "", false
}

// File is what there is to see, as a file to keep.
func (i *Inspector) File(now time.Time) trace.File {
	if i.Opened != nil {
		return *i.Opened
	}
	instrumented := i.Server.Instrumented
	if instrumented == nil {
		instrumented = []string{}
	}
	return trace.File{Exported: now.UTC(), Instrumented: instrumented, Events: i.Log.Events()}
}
