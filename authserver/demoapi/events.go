package demoapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"cloakroom/authserver/resource"
)

const (
	// heartbeat is how often a stream says that it lives, so that nobody in between closes it.
	heartbeat = 15 * time.Second
	// writeTimeout is how long a stream's reader may take to take an event.
	writeTimeout = 10 * time.Second
	// maxStreams is how many streams there are at once, maxUserStreams how many of one user.
	maxStreams     = 200
	maxUserStreams = 4
	// backlog is how many events wait for a slow reader before its stream ends.
	backlog = 16
)

// change is one event: what became of the user's notes.
type change struct {
	Change string `json:"change"` // added, deleted or cleared
	Note   *Note  `json:"note,omitempty"`
	ID     string `json:"id,omitzero"`
}

// hub hands the changes of a user's notes to that user's streams and to no other.
type hub struct {
	mu      sync.Mutex
	streams map[user]map[chan change]bool
	count   int
}

func newHub() *hub { return &hub{streams: map[user]map[chan change]bool{}} }

// subscribe opens a stream of the owner's changes, or none if there are too many. The channel is closed when its reader is too slow.
func (h *hub) subscribe(owner user) (chan change, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.count >= maxStreams || len(h.streams[owner]) >= maxUserStreams {
		return nil, false
	}
	if h.streams[owner] == nil {
		h.streams[owner] = map[chan change]bool{}
	}
	stream := make(chan change, backlog)
	h.streams[owner][stream] = true
	h.count++
	return stream, true
}

func (h *hub) unsubscribe(owner user, stream chan change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.remove(owner, stream)
}

func (h *hub) remove(owner user, stream chan change) {
	if !h.streams[owner][stream] {
		return
	}
	delete(h.streams[owner], stream)
	h.count--
	if len(h.streams[owner]) == 0 {
		delete(h.streams, owner)
	}
}

// publish waits for nobody: a stream whose backlog is full ends, and its reader connects again and reads the list.
func (h *hub) publish(owner user, event change) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for stream := range h.streams[owner] {
		select {
		case stream <- event:
		default:
			h.remove(owner, stream)
			close(stream)
		}
	}
}

// stream sends the changes of the user's notes as server-sent events, until the reader leaves, the token expires, or the server
// stops.
func (a *API) stream(w http.ResponseWriter, r *http.Request, owner user) error {
	changes, ok := a.events.subscribe(owner)
	if !ok {
		return &problem{Status: http.StatusTooManyRequests, Code: "too_many_streams", Detail: "too many event streams are open"}
	}
	defer a.events.unsubscribe(owner, changes)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	// A stream lives no longer than the access that it was opened with.
	expired := time.NewTimer(resource.TokenFrom(r.Context()).Expires.Sub(a.now()))
	defer expired.Stop()
	a.send(w, r, changes, expired.C)
	return nil
}

func (a *API) send(w http.ResponseWriter, r *http.Request, changes <-chan change, expired <-chan time.Time) {
	beat := time.NewTicker(a.heartbeat)
	defer beat.Stop()
	text := ": hello\n\n"
	for {
		if err := push(w, text); err != nil {
			return // the reader has left
		}
		select {
		case event, open := <-changes:
			if !open {
				return
			}
			text = frame(event)
		case <-beat.C:
			text = ": heartbeat\n\n"
		case <-expired:
			return
		case <-r.Context().Done():
			return
		case <-stopping(r.Context()):
			return
		case <-a.closing:
			return
		}
	}
}

// frame is a change as an event.
func frame(event change) string {
	data, err := json.Marshal(event)
	if err != nil {
		return ": an event was lost\n\n" // strings and times always can be encoded
	}
	return fmt.Sprintf("event: notes\ndata: %s\n\n", data)
}

// push writes and flushes. The deadline is the stream's own: the server's is for answers that end.
func push(w http.ResponseWriter, text string) error {
	controller := http.NewResponseController(w)
	if err := controller.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return err
	}
	if _, err := w.Write([]byte(text)); err != nil {
		return err
	}
	return controller.Flush()
}
