package document

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"cloakroom/authserver/oauth"
)

// field is a member that a type has.
type field struct {
	name  string
	index []int
	kind  reflect.Type
	// local is what only the configuration file says: names of files and of variables, secrets, and their hashes.
	local bool
}

// fields are the members of a struct, by its yaml tags.
func fields(t reflect.Type) []field {
	var all []field
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			for _, inner := range fields(f.Type) {
				inner.index = append(slices.Clone(f.Index), inner.index...)
				all = append(all, inner)
			}
		case name == "" || name == "-" || !f.IsExported() || len(f.Index) > 1:
		default:
			all = append(all, field{name: name, index: f.Index, kind: f.Type, local: local(name, f.Type)})
		}
	}
	return all
}

func local(name string, t reflect.Type) bool {
	return t == reflect.TypeFor[oauth.Secret]() || strings.HasSuffix(name, "_file") || strings.HasSuffix(name, "_env") ||
		strings.HasSuffix(name, "_files") || name == "secret_hash"
}

// Encode is a document of a struct: what is set of it, without what only the configuration file says.
func Encode(value any) map[string]any {
	encoded, _ := encode(reflect.ValueOf(value)).(map[string]any)
	return encoded
}

func encode(value reflect.Value) any {
	if value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface {
		if value.IsNil() {
			return nil
		}
		return encode(value.Elem())
	}
	if duration, ok := value.Interface().(time.Duration); ok {
		return spell(duration)
	}
	if marshaler, ok := value.Interface().(json.Marshaler); ok {
		data, err := json.Marshal(marshaler)
		if err != nil {
			return nil
		}
		return json.RawMessage(data)
	}
	switch value.Kind() { //nolint:exhaustive // the others encode as they are
	case reflect.Struct:
		object := map[string]any{}
		for _, f := range fields(value.Type()) {
			if member := value.FieldByIndex(f.index); !f.local && !empty(member) {
				object[f.name] = encode(member)
			}
		}
		return object
	case reflect.Slice:
		list := make([]any, 0, value.Len())
		for at := range value.Len() {
			list = append(list, encode(value.Index(at)))
		}
		return list
	default:
		return value.Interface()
	}
}

func empty(value reflect.Value) bool {
	return value.IsZero() || (value.Kind() == reflect.Slice || value.Kind() == reflect.Map) && value.Len() == 0
}

// spell writes a duration as people write it: 15m, not 15m0s.
func spell(duration time.Duration) string {
	text := duration.String()
	if short, whole := strings.CutSuffix(text, "m0s"); whole {
		text = short + "m"
	}
	if short, whole := strings.CutSuffix(text, "h0m"); whole {
		text = short + "h"
	}
	return text
}

// Schema is the JSON schema of what Decode takes, in the dialect of OpenAPI 3.0.
func Schema(t reflect.Type) map[string]any {
	switch {
	case t.Kind() == reflect.Pointer:
		return Schema(t.Elem())
	case t == reflect.TypeFor[time.Duration]():
		return map[string]any{"type": "string", "format": "duration", "example": "15m"}
	case textual(t):
		return map[string]any{"type": "string"}
	case custom(t):
		return map[string]any{"type": "object"}
	}
	switch t.Kind() { //nolint:exhaustive // the kinds that configurations have
	case reflect.Struct:
		properties := map[string]any{}
		for _, f := range fields(t) {
			if !f.local {
				properties[f.name] = Schema(f.kind)
			}
		}
		return map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": Schema(t.Elem())}
	case reflect.Map, reflect.Interface:
		return map[string]any{"type": "object"}
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	default:
		return map[string]any{"type": "number"}
	}
}

// Merge applies an RFC 7396 merge patch: a member that is null goes, an object is merged, anything else replaces.
func Merge(target, patch json.RawMessage) json.RawMessage {
	var changes map[string]json.RawMessage
	if err := json.Unmarshal(patch, &changes); err != nil || changes == nil {
		return patch
	}
	merged := map[string]json.RawMessage{}
	_ = json.Unmarshal(target, &merged) // what is no object is replaced by one
	if merged == nil {
		merged = map[string]json.RawMessage{}
	}
	for name, change := range changes {
		if string(change) == "null" {
			delete(merged, name)
			continue
		}
		merged[name] = Merge(merged[name], change)
	}
	data, _ := json.Marshal(merged) // of valid parts
	return data
}

func sortedKeys[T any](members map[string]T) []string { return slices.Sorted(maps.Keys(members)) }
