// Package document owns how something that is configured is spelled in JSON: with the same keys as in the configuration file, so that
// there is one vocabulary. It reads strictly, every problem with its place, and writes no secret. It knows no HTTP and nothing of what is
// configured: the types' yaml tags say it all.
//
// Start with [Decode].
package document

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Problem is what is wrong at one place of a document.
type Problem struct {
	Pointer string `json:"pointer"` // RFC 6901; empty for the document itself
	Detail  string `json:"detail"`
}

func (p Problem) Error() string {
	return strings.TrimPrefix(strings.TrimPrefix(p.Pointer, "/")+": "+p.Detail, ": ")
}

// Limits of a document.
const (
	MaxDepth   = 12
	MaxMembers = 2000
)

// Check says why data is not one JSON object that everybody reads the same: UTF-8, no member twice in one object, not too deep, and nothing
// after it.
func Check(data []byte) error {
	if !utf8.Valid(data) {
		return errors.New("it is not UTF-8")
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	first, err := decoder.Token()
	if err != nil || first != json.Delim('{') {
		return errors.New("it is not a JSON object")
	}
	left := MaxMembers
	if err := checkObject(decoder, 1, &left); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

func checkObject(decoder *json.Decoder, depth int, left *int) error {
	seen := map[string]bool{}
	for decoder.More() {
		token, err := decoder.Token()
		name, ok := token.(string)
		if err != nil || !ok {
			return errors.New("it is not JSON")
		}
		if seen[name] {
			return fmt.Errorf("the member %q is there twice", name)
		}
		seen[name] = true
		if err := checkValue(decoder, depth, left); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return notJSON(err)
}

func checkValue(decoder *json.Decoder, depth int, left *int) error {
	if *left--; *left < 0 {
		return fmt.Errorf("it has more than %d values", MaxMembers)
	}
	value, err := decoder.Token()
	if err != nil {
		return notJSON(err)
	}
	_, nested := value.(json.Delim)
	switch {
	case !nested:
		return nil
	case depth == MaxDepth:
		return fmt.Errorf("it is nested more than %d deep", MaxDepth)
	case value == json.Delim('{'):
		return checkObject(decoder, depth+1, left)
	}
	for decoder.More() {
		if err := checkValue(decoder, depth+1, left); err != nil {
			return err
		}
	}
	_, err = decoder.Token()
	return notJSON(err)
}

func notJSON(err error) error {
	if err != nil {
		return errors.New("it is not JSON")
	}
	return nil
}

// Decode reads a document that has passed [Check] into a struct by its yaml tags. An unknown member is a problem, and one that names a file
// or a variable of this machine, or a secret: whoever writes documents is not who runs the machine. A null is the same as nothing.
func Decode(data []byte, into any) []Problem {
	d := &decoding{}
	d.value(data, reflect.ValueOf(into).Elem(), "")
	return d.problems
}

type decoding struct{ problems []Problem }

func (d *decoding) report(pointer, format string, args ...any) {
	d.problems = append(d.problems, Problem{pointer, fmt.Sprintf(format, args...)})
}

func (d *decoding) value(data json.RawMessage, into reflect.Value, pointer string) {
	if string(bytes.TrimSpace(data)) == "null" {
		into.SetZero()
		return
	}
	switch {
	case textual(into.Type()):
		d.text(data, into, pointer)
	case custom(into.Type()):
		if err := yaml.Unmarshal(normalised(data), into.Addr().Interface()); err != nil {
			d.report(pointer, "%v", err)
		}
	case into.Type() == reflect.TypeFor[time.Duration]():
		d.duration(data, into, pointer)
	case into.Kind() == reflect.Struct:
		d.object(data, into, pointer)
	case into.Kind() == reflect.Slice:
		d.list(data, into, pointer)
	case into.Kind() == reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		d.value(data, into.Elem(), pointer)
	default:
		if err := json.Unmarshal(data, into.Addr().Interface()); err != nil {
			d.report(pointer, "has to be %s", spoken(into.Type()))
		}
	}
}

// textual reports whether a type reads itself from a text, and custom whether from YAML, of which JSON is a part.
func textual(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
}

func custom(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return pointer.Implements(reflect.TypeFor[yaml.Unmarshaler]()) ||
		pointer.Implements(reflect.TypeFor[interface {
			UnmarshalYAML(decode func(any) error) error
		}]())
}

// normalised spells JSON without the escapes that YAML does not have.
func normalised(data json.RawMessage) []byte {
	var value any
	_ = json.Unmarshal(data, &value) // Check has passed
	text, _ := json.Marshal(value)
	return text
}

func (d *decoding) text(data json.RawMessage, into reflect.Value, pointer string) {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		d.report(pointer, "has to be a text")
		return
	}
	if err := into.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text)); err != nil { //nolint:forcetypeassert // textual has looked
		d.report(pointer, "%v", err)
	}
}

func (d *decoding) duration(data json.RawMessage, into reflect.Value, pointer string) {
	var text string
	err := json.Unmarshal(data, &text)
	if err == nil {
		var value time.Duration
		value, err = time.ParseDuration(text)
		into.SetInt(int64(value))
	}
	if err != nil {
		d.report(pointer, "has to be a duration like 90s, 15m or 24h")
	}
}

func (d *decoding) object(data json.RawMessage, into reflect.Value, pointer string) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(data, &members); err != nil {
		d.report(pointer, "has to be an object")
		return
	}
	known := map[string]field{}
	for _, f := range fields(into.Type()) {
		known[f.name] = f
	}
	for _, name := range sortedKeys(members) {
		at := pointer + "/" + escape(name)
		f, found := known[name]
		switch {
		case !found:
			d.report(at, "is not known here")
		case f.local:
			d.report(at, "is for the configuration file only")
		default:
			d.value(members[name], into.FieldByIndex(f.index), at)
		}
	}
}

func (d *decoding) list(data json.RawMessage, into reflect.Value, pointer string) {
	var elements []json.RawMessage
	if err := json.Unmarshal(data, &elements); err != nil {
		d.report(pointer, "has to be a list")
		return
	}
	into.Set(reflect.MakeSlice(into.Type(), len(elements), len(elements)))
	for at, element := range elements {
		d.value(element, into.Index(at), fmt.Sprintf("%s/%d", pointer, at))
	}
}

func spoken(t reflect.Type) string {
	switch t.Kind() { //nolint:exhaustive // the kinds that configurations have
	case reflect.String:
		return "a text"
	case reflect.Bool:
		return "true or false"
	case reflect.Map:
		return "an object"
	default:
		return "a number"
	}
}

// escape is RFC 6901 §3.
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }
