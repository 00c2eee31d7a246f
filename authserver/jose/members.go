package jose

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// unmarshal decodes a JSON object each of whose members is there once.
func unmarshal(data []byte, into any) error {
	if err := checkMembers(data); err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}

const maxDepth = 16

// checkMembers refuses an object that repeats a member, at any depth and in any case: two parsers would read two different
// tokens (RFC 7515 §4, RFC 8725 §2.4). encoding/json takes member names in any case.
func checkMembers(data []byte) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if first, err := decoder.Token(); err != nil || first != json.Delim('{') {
		return errors.New("not a JSON object")
	}
	if err := checkObject(decoder, 1); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return errors.New("something follows the JSON object")
	}
	return nil
}

// checkObject reads the rest of an object.
func checkObject(decoder *json.Decoder, depth int) error {
	seen := map[string]bool{}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return errors.New("not JSON")
		}
		folded := strings.ToUpper(strings.ToLower(name.(string))) //nolint:forcetypeassert // the decoder has checked it
		if seen[folded] {
			return errors.New("a member is repeated")
		}
		seen[folded] = true
		if err := checkValue(decoder, depth); err != nil {
			return err
		}
	}
	_, err := decoder.Token()
	return err
}

// checkValue reads a value.
func checkValue(decoder *json.Decoder, depth int) error {
	value, err := decoder.Token()
	if err != nil {
		return errors.New("not JSON")
	}
	if depth == maxDepth {
		return errors.New("nested too deeply")
	}
	switch value {
	case json.Delim('{'):
		return checkObject(decoder, depth+1)
	case json.Delim('['):
		for decoder.More() {
			if err := checkValue(decoder, depth+1); err != nil {
				return err
			}
		}
		_, err := decoder.Token()
		return err
	default:
		return nil
	}
}

// Date is a NumericDate (RFC 7519 §2) in whole seconds, within the years that make sense. Nil is a claim that is not there.
type Date int64

const maxDate = 253402300799 // the end of the year 9999

// UnmarshalJSON takes a whole number only: 1e300, fractions, strings and negative numbers are not dates.
func (d *Date) UnmarshalJSON(data []byte) error {
	seconds, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil || seconds < 0 || seconds > maxDate {
		return errors.New("a date is not a whole number of seconds")
	}
	*d = Date(seconds)
	return nil
}

// Time is the instant.
func (d *Date) Time() time.Time { return time.Unix(int64(*d), 0) }
