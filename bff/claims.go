package bff

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// decodeClaims reads one JSON object without duplicate members (RFC 7519 §4). Names are compared exactly: encoding/json takes
// "Sub" for "sub", and a provider's own claim of that name would stand in for the registered one (RFC 7519 §4.1, RFC 7515 §4.1).
func decodeClaims(data []byte, into ...any) error {
	members, err := readMembers(json.NewDecoder(bytes.NewReader(data)))
	if err != nil {
		return err
	}
	for _, target := range into {
		if json.Unmarshal(data, new(json.RawMessage)) != nil || decodeMembers(members, target) != nil {
			return errors.New("it is not the JSON object that it should be")
		}
	}
	return nil
}

func readMembers(decoder *json.Decoder) (map[string]json.RawMessage, error) {
	errNoObject := errors.New("it is not a JSON object")
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, errNoObject
	}
	members := map[string]json.RawMessage{}
	for decoder.More() {
		name, err := decoder.Token()
		text, ok := name.(string)
		if err != nil || !ok {
			return nil, errNoObject
		}
		if _, seen := members[text]; seen {
			return nil, fmt.Errorf("member %q is there twice", text)
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, errNoObject
		}
		members[text] = value
	}
	return members, nil
}

// decodeMembers gives a struct the members that its fields name, and a map all of them.
func decodeMembers(members map[string]json.RawMessage, target any) error {
	kind := reflect.TypeOf(target).Elem()
	named := members
	if kind.Kind() == reflect.Struct {
		named = map[string]json.RawMessage{}
		for i := range kind.NumField() {
			name := kind.Field(i).Tag.Get("json")
			if value, found := members[name]; found {
				named[name] = value
			}
		}
	}
	exact, err := json.Marshal(named)
	if err != nil {
		return err
	}
	return json.Unmarshal(exact, target)
}
