package trace

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"cloakroom/bff/api"
)

const (
	// earlyLife is how long an event of another server waits for the BFF to learn whose it is: a logout token is told of before it
	// arrives.
	earlyLife = 5 * time.Second
	maxEarly  = 200
)

// digestPrefix marks a claim of another server's event that is named by its digest.
const digestPrefix = "digest:"

// told is an event as another server tells it: with digests in place of references, and with what it can be found by.
type told struct {
	api.TraceEvent
	Message *struct {
		api.TraceMessage
		Values []toldValue `json:"values"`
	} `json:"message"`
	TraceID      string   `json:"trace_id"`
	Correlations []string `json:"correlations"`
}

type toldValue struct {
	api.TraceValue
	Digest string `json:"digest"`
}

// waiting is an event that nobody has a flow for yet.
type waiting struct {
	told *told
	till time.Time
}

func correlation(value string) string { return "value " + digest(value) }

func traceKey(traceID string) string { return "trace " + traceID }

// Issuers notes whose authorization server a feed is of; none when the feed is down.
func (t *Tracer) Issuers(feed string, issuers []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if slices.Equal(t.issuers[feed], issuers) {
		return
	}
	t.issuers[feed] = issuers
	for _, b := range t.buffers {
		b.changed()
	}
}

// take gives an event of another server to the flow that it belongs to. One that belongs to none is dropped, after a moment.
func (t *Tracer) take(e *told) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f := t.whose(e); f != nil {
		f.hear(e)
		return
	}
	if len(t.early) >= maxEarly {
		t.early = t.early[1:]
	}
	t.early = append(t.early, waiting{e, t.cfg.Now().Add(earlyLife)})
}

// retry looks again at what came early. The caller holds mu.
func (t *Tracer) retry() {
	now, kept := t.cfg.Now(), t.early[:0]
	for _, w := range t.early {
		if f := t.whose(w.told); f != nil {
			f.hear(w.told)
		} else if now.Before(w.till) {
			kept = append(kept, w)
		}
	}
	clear(t.early[len(kept):])
	t.early = kept
}

func (t *Tracer) whose(e *told) *Flow {
	if f := t.known[traceKey(e.TraceID)]; f != nil {
		return f
	}
	for _, value := range e.Correlations {
		if f := t.known["value "+value]; f != nil {
			return f
		}
	}
	return nil
}

// hear adds an event of another server. Of the same exchange both servers tell, so both have its id.
func (f *Flow) hear(e *told) {
	event := e.TraceEvent
	event.ID, event.Step = 0, f.step(event.Step)
	if id := f.tracer.calls[e.TraceID+" "+string(event.Name)]; id != "" && event.Exchange != "" {
		event.Exchange = id
	}
	if e.Message != nil {
		message := e.Message.TraceMessage
		message.Values = nil
		for _, v := range e.Message.Values[:min(len(e.Message.Values), maxValues)] {
			message.Values = append(message.Values, f.translate(v))
		}
		event.Message = &message
	}
	f.publish(&event)
}

// translate makes references of digests.
func (f *Flow) translate(v toldValue) api.TraceValue {
	v.Ref = f.refOf(v.Digest)
	if v.Token != nil {
		v.Token = &api.TraceToken{Header: f.translateAll(v.Token.Header), Claims: f.translateAll(v.Token.Claims), Dropped: v.Token.Dropped}
	}
	return v.TraceValue
}

func (f *Flow) translateAll(members map[string]any) map[string]any {
	shown := make(map[string]any, len(members))
	for name, value := range members {
		switch value := value.(type) {
		case string:
			if digest, ok := strings.CutPrefix(value, digestPrefix); ok {
				shown[name] = refPrefix + f.refOf(digest)
				continue
			}
			shown[name] = value
		case map[string]any:
			shown[name] = f.translateAll(value)
		default:
			shown[name] = value
		}
	}
	return shown
}

func (f *Flow) refOf(digest string) string {
	sum, err := base64.RawURLEncoding.DecodeString(digest)
	if err != nil || len(sum) != sha256.Size {
		return ""
	}
	return f.redactor.ofDigest([sha256.Size]byte(sum))
}
