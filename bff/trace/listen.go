package trace

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"cloakroom/bff/api"
)

const (
	// A feed that is down is tried again, first soon, then now and then.
	firstPause = 100 * time.Millisecond
	lastPause  = 5 * time.Second
	maxLine    = 256 << 10
)

// Listen reads the feed of another server until ctx ends, and connects again whenever it breaks off. Nothing waits for it.
func (t *Tracer) Listen(ctx context.Context, client *http.Client, feed string) {
	pause := firstPause
	for ctx.Err() == nil {
		heard, _ := t.read(ctx, client, feed)
		t.Issuers(feed, nil)
		if heard {
			pause = firstPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
		pause = min(2*pause, lastPause)
	}
}

// read follows one connection to its end, and reports whether the feed said anything.
func (t *Tracer) read(ctx context.Context, client *http.Client, feed string) (heard bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, feed, http.NoBody)
	if err != nil {
		return false, err
	}
	r.Header.Set("Accept", "text/event-stream")
	response, err := client.Do(r)
	if err != nil {
		return false, err
	}
	defer func() { _ = response.Body.Close() }()
	mediaType, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if response.StatusCode != http.StatusOK || mediaType != "text/event-stream" {
		return false, fmt.Errorf("feed: status %d, %q", response.StatusCode, mediaType)
	}
	return t.readEvents(response.Body, feed)
}

// readEvents reads server-sent events (WHATWG HTML §9.2.6), as far as feeds use them.
func (t *Tracer) readEvents(body io.Reader, feed string) (heard bool, err error) {
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	var name string
	var data []byte
	for lines.Scan() {
		field, value, _ := bytes.Cut(lines.Bytes(), []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch {
		case len(lines.Bytes()) == 0:
			if name != "" && t.event(feed, name, data) == nil {
				heard = true
			}
			name, data = "", nil
		case string(field) == "event":
			name = string(value)
		case string(field) == "data" && len(data)+len(value) < maxLine:
			data = append(data, value...)
		}
	}
	return heard, lines.Err()
}

var errUnknownEvent = errors.New("feed: unknown event")

func (t *Tracer) event(feed, name string, data []byte) error {
	switch name {
	case "hello":
		var hello struct {
			Issuers []string `json:"issuers"`
		}
		if err := json.Unmarshal(data, &hello); err != nil {
			return err
		}
		t.Issuers(feed, hello.Issuers)
		return nil
	case api.EventTrace:
		e := new(told)
		if err := json.Unmarshal(data, e); err != nil {
			return err
		}
		t.take(e)
		return nil
	default:
		return errUnknownEvent
	}
}
