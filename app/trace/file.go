package trace

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cloakroom/bff/api"
)

// Version is that of the file format. A file of another one is refused.
const Version = 1

// MaxFile is the greatest size of a file that is read, in bytes.
const MaxFile = 4 << 20

// The limits of a file, besides its size. They are far above what the server sends.
const (
	maxEvents = 2 * Most
	maxValues = 200
	maxName   = 120
	maxValue  = 16 << 10
)

// File is what the inspector writes and opens again.
type File struct {
	Version      int              `json:"cloakroom_trace"`
	Exported     time.Time        `json:"exported_at"`
	Instrumented []string         `json:"instrumented"`
	Events       []api.TraceEvent `json:"events"`
}

// Why a file is not opened. The page has words for each.
var (
	ErrTooLarge = errors.New("the file is larger than a trace can be")
	ErrNotJSON  = errors.New("the file is not JSON")
	ErrNotTrace = errors.New("the file is JSON, but no trace")
	ErrVersion  = errors.New("the trace was written by another version")
	ErrEmpty    = errors.New("the trace has no events")
)

// Write writes a file that [Read] reads.
func Write(file File) ([]byte, error) {
	file.Version = Version
	return json.MarshalIndent(file, "", "  ")
}

// Read reads a file. It comes from anywhere, so everything in it is checked: nothing unknown, nothing missing, nothing that
// is longer than it can be.
func Read(content []byte) (File, error) {
	if len(content) > MaxFile {
		return File{}, ErrTooLarge
	}
	content = bytes.TrimPrefix(content, []byte("\ufeff")) // some editors write one; a reader may ignore it (RFC 8259 §8.1)
	if !json.Valid(content) {
		return File{}, ErrNotJSON
	}
	var version struct {
		Version *int `json:"cloakroom_trace"`
	}
	if err := json.Unmarshal(content, &version); err != nil || version.Version == nil {
		return File{}, ErrNotTrace
	}
	if *version.Version != Version {
		return File{}, fmt.Errorf("%w: %d", ErrVersion, *version.Version)
	}
	var file File
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&file); err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrNotTrace, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return File{}, fmt.Errorf("%w: something follows it", ErrNotTrace)
	}
	if err := file.validate(); err != nil {
		return File{}, fmt.Errorf("%w: %w", ErrNotTrace, err)
	}
	if len(file.Events) == 0 {
		return File{}, ErrEmpty
	}
	return file, nil
}

func (f File) validate() error {
	if len(f.Events) > maxEvents {
		return fmt.Errorf("%d events", len(f.Events))
	}
	known := map[key]bool{}
	for i, event := range f.Events {
		this := key{event.Flow, event.ID}
		if known[this] {
			return fmt.Errorf("event %d is there twice", i)
		}
		known[this] = true
		if err := Validate(event); err != nil {
			return fmt.Errorf("event %d: %w", i, err)
		}
	}
	for _, name := range f.Instrumented {
		if len(name) > maxName {
			return errors.New("a provider's name is too long")
		}
	}
	return nil
}

var (
	parties = []api.Party{api.PartyBrowser, api.PartyBFF, api.PartyAuthorizationServer, api.PartyAPI}
	kinds   = []api.FlowKind{api.FlowSignIn, api.FlowAPICall, api.FlowRefresh, api.FlowSignOut, api.FlowBackchannelLogout}
	places  = []string{api.InQuery, api.InForm, api.InBody, api.InHeader, api.InCookie}
)

// Validate says what of an event cannot be.
func Validate(event api.TraceEvent) error {
	switch {
	case !isToken(event.Flow) || len(event.Exchange) > maxName || len(event.Provider) > maxName:
		return errors.New("a name is missing or too long")
	case !slices.Contains(kinds, event.Kind):
		return fmt.Errorf("kind %.20q", event.Kind)
	case event.Step < 0 || event.Step > api.StepResourceAnswer:
		return fmt.Errorf("step %d", event.Step)
	case !isName(string(event.Name)):
		return errors.New("no name of a message")
	case !slices.Contains(parties, event.From) || !slices.Contains(parties, event.To) || !slices.Contains(parties, event.Emitter):
		return errors.New("an unknown party")
	case event.At.IsZero() || event.DurationUS < 0:
		return errors.New("no time")
	}
	for _, check := range event.Checks {
		if !isName(check.Name) || len(check.Spec) > maxName {
			return errors.New("a check's name is missing or too long")
		}
	}
	if event.Message == nil {
		return nil
	}
	return validateMessage(*event.Message)
}

func validateMessage(message api.TraceMessage) error {
	if message.Status != 0 && (message.Status < 100 || message.Status > 599) || message.Size < 0 || message.Dropped < 0 {
		return errors.New("a number that cannot be")
	}
	if len(message.Values) > maxValues || len(message.Method) > maxName || len(message.Origin) > maxValue || len(message.Route) > maxValue {
		return errors.New("too long")
	}
	for _, value := range message.Values {
		if !slices.Contains(places, value.In) || !isName(value.Name) || len(value.Value) > maxValue || value.Ref != "" && !isToken(value.Ref) || value.Length < 0 {
			return fmt.Errorf("the value %.40q", value.Name)
		}
	}
	return nil
}

func isName(name string) bool { return name != "" && len(name) <= maxName }

// isToken reports whether the text can name something in an attribute of an element.
func isToken(text string) bool {
	return isName(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '-' && r != '_'
	})
}
