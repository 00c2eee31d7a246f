package trace

import (
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"cloakroom/bff/api"
)

// The parts of an HTTP Archive, version 1.2, that can be filled from a trace.
type (
	har struct {
		Log harLog `json:"log"`
	}
	harLog struct {
		Version string     `json:"version"`
		Creator harCreator `json:"creator"`
		Entries []harEntry `json:"entries"`
		Comment string     `json:"comment,omitempty"`
	}
	harCreator struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	harEntry struct {
		Started  time.Time   `json:"startedDateTime"`
		Time     float64     `json:"time"` // milliseconds
		Request  harRequest  `json:"request"`
		Response harResponse `json:"response"`
		Cache    struct{}    `json:"cache"`
		Timings  harTimings  `json:"timings"`
		Comment  string      `json:"comment,omitempty"`
	}
	harRequest struct {
		Method      string    `json:"method"`
		URL         string    `json:"url"`
		HTTPVersion string    `json:"httpVersion"`
		Cookies     []harPair `json:"cookies"`
		Headers     []harPair `json:"headers"`
		Query       []harPair `json:"queryString"`
		Post        *harPost  `json:"postData,omitempty"`
		HeadersSize int       `json:"headersSize"`
		BodySize    int64     `json:"bodySize"`
	}
	harResponse struct {
		Status      int        `json:"status"`
		StatusText  string     `json:"statusText"`
		HTTPVersion string     `json:"httpVersion"`
		Cookies     []harPair  `json:"cookies"`
		Headers     []harPair  `json:"headers"`
		Content     harContent `json:"content"`
		RedirectURL string     `json:"redirectURL"`
		HeadersSize int        `json:"headersSize"`
		BodySize    int64      `json:"bodySize"`
	}
	harPair struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	harPost struct {
		Type   string    `json:"mimeType"`
		Params []harPair `json:"params"`
		Text   string    `json:"text"`
	}
	harContent struct {
		Size int64  `json:"size"`
		Type string `json:"mimeType"`
		Text string `json:"text,omitempty"`
	}
	harTimings struct {
		Send    float64 `json:"send"`
		Wait    float64 `json:"wait"`
		Receive float64 `json:"receive"`
	}
)

// HAR writes the exchanges as an HTTP Archive 1.2. A request without an answer has the status 0, as the format says.
func HAR(events []api.TraceEvent, creator, comment string) ([]byte, error) {
	archive := har{harLog{Version: "1.2", Creator: harCreator{creator, number(Version)}, Entries: []harEntry{}, Comment: comment}}
	events = Once(events)
	for i, event := range events {
		if IsRequest(event) {
			archive.Log.Entries = append(archive.Log.Entries, entry(event, Answer(events[i+1:], event)))
		}
	}
	return json.MarshalIndent(archive, "", "  ")
}

// Answer finds the response of a request; nil when there is none.
func Answer(events []api.TraceEvent, request api.TraceEvent) *api.TraceEvent {
	for i, event := range events {
		if IsResponse(event) && event.Exchange != "" && event.Exchange == request.Exchange && event.Flow == request.Flow && event.From == request.To {
			return &events[i]
		}
	}
	return nil
}

func entry(event api.TraceEvent, answer *api.TraceEvent) harEntry {
	message := event.Message
	made := harEntry{
		Started: event.At,
		Request: harRequest{
			Method: message.Method, HTTPVersion: "HTTP/1.1", HeadersSize: -1, BodySize: size(message.Size),
			URL:     message.Origin + (&url.URL{Path: message.Route}).EscapedPath() + query(message.Values),
			Cookies: pairs(message.Values, api.InCookie), Headers: pairs(message.Values, api.InHeader), Query: pairs(message.Values, api.InQuery),
			Post: post(message.Values),
		},
		Response: harResponse{
			HTTPVersion: "HTTP/1.1", HeadersSize: -1, BodySize: -1,
			Cookies: []harPair{}, Headers: []harPair{}, Content: harContent{Type: "x-unknown"},
		},
		Comment: string(event.From) + " to " + string(event.To) + ": " + string(event.Name),
	}
	if answer == nil {
		return made
	}
	got := answer.Message
	made.Time = float64(answer.DurationUS) / 1000
	made.Timings.Wait = made.Time
	made.Response = harResponse{
		Status: got.Status, StatusText: Phrase(got.Status), HTTPVersion: "HTTP/1.1", HeadersSize: -1, BodySize: size(got.Size),
		Cookies: pairs(got.Values, api.InCookie), Headers: pairs(got.Values, api.InHeader),
		Content: harContent{Size: got.Size, Type: "x-unknown"},
	}
	for _, value := range got.Values {
		if value.In == api.InHeader && strings.EqualFold(value.Name, "Location") {
			made.Response.RedirectURL = shown(value)
		}
	}
	if body := pairs(got.Values, api.InBody); len(body) > 0 {
		made.Response.Content.Type = "application/json"
		made.Response.Content.Text = object(body)
	}
	return made
}

// size is -1 for what is not known.
func size(n int64) int64 {
	if n == 0 {
		return -1
	}
	return n
}

func pairs(values []api.TraceValue, in string) []harPair {
	found := []harPair{}
	for _, value := range values {
		if value.In == in {
			found = append(found, harPair{value.Name, shown(value)})
		}
	}
	return found
}

func query(values []api.TraceValue) string {
	text, separator := "", "?"
	for _, pair := range pairs(values, api.InQuery) {
		text += separator + escape(pair.Name) + "=" + escape(pair.Value)
		separator = "&"
	}
	return text
}

func post(values []api.TraceValue) *harPost {
	if form := pairs(values, api.InForm); len(form) > 0 {
		return &harPost{Type: "application/x-www-form-urlencoded", Params: form}
	}
	if body := pairs(values, api.InBody); len(body) > 0 {
		return &harPost{Type: "application/json", Params: []harPair{}, Text: object(body)}
	}
	return nil
}

func object(members []harPair) string {
	encoded := make(map[string]string, len(members))
	for _, member := range members {
		encoded[member.Name] = member.Value
	}
	text, _ := json.Marshal(encoded) // strings
	return string(text)
}
