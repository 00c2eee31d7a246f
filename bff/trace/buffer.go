package trace

import (
	"encoding/json"
	"time"

	"cloakroom/bff/api"
)

// buffer is what one session sees: the newest events, within limits of number, size and age. All of it is guarded by Tracer.mu.
type buffer struct {
	tracer   *Tracer
	events   []stored // the oldest first, their ids rising
	bytes    int
	lost     int
	touched  time.Time
	stepping bool
	holds    []*hold // the oldest first
	version  int     // of everything but the events
	watchers map[*Watcher]struct{}
	left     *time.Timer // runs since the last watcher left
}

// stored is an event as it is sent.
type stored struct {
	Event
	at time.Time
}

// add keeps the event. An event that two sessions see has one id, so that a page that goes from one to the other knows it.
func (b *buffer) add(e *api.TraceEvent) {
	if e.ID == 0 {
		b.tracer.last++
		e.ID = b.tracer.last
	}
	data, err := json.Marshal(e)
	if err != nil {
		return // nothing that redaction leaves cannot be marshalled
	}
	now := b.tracer.cfg.Now()
	b.events = append(b.events, stored{Event{e.ID, data}, now})
	b.bytes += len(data)
	b.touched = now
	b.trim(now)
	b.wake()
}

// trim forgets what is too old, and what there is no room for; only the latter counts as lost.
func (b *buffer) trim(now time.Time) {
	for len(b.events) > 0 && now.Sub(b.events[0].at) > lifetime {
		b.drop()
	}
	for len(b.events) > maxEvents || b.bytes > maxBytes {
		b.drop()
		b.lost++
		b.version++
	}
}

func (b *buffer) drop() {
	b.bytes -= len(b.events[0].Data)
	b.events = b.events[1:]
}

// wake tells who watches that there is something new.
func (b *buffer) wake() {
	for w := range b.watchers {
		select {
		case w.news <- struct{}{}:
		default:
		}
	}
}

func (b *buffer) changed() {
	b.version++
	b.wake()
}
