package session

import (
	"encoding/json"
	"fmt"
	"math"
	"time"
)

// maxDepth bounds how deep claims nest, when they are written and when they are read.
const maxDepth = 16

// The kinds of a claim's value. Their numbers are part of the format.
const (
	kindNil byte = iota
	kindFalse
	kindTrue
	kindText
	kindFloat
	kindInt
	kindNumber
	kindTime
	kindTexts
	kindList
	kindObject
)

func (w *writer) object(object map[string]any, depth int) {
	w.length(len(object), object == nil)
	var room keyRoom
	for _, name := range sortedKeys(room[:0], object) {
		w.texts(name)
		w.value(name, object[name], depth+1)
	}
}

func (w *writer) value(name string, value any, depth int) {
	if depth > maxDepth {
		w.fail(fmt.Errorf("claim %q nests deeper than %d", name, maxDepth))
		return
	}
	switch value := value.(type) {
	case []string:
		w.buf = append(w.buf, kindTexts)
		w.list(value)
	case []any:
		w.buf = append(w.buf, kindList)
		w.length(len(value), value == nil)
		for _, element := range value {
			w.value(name, element, depth+1)
		}
	case map[string]any:
		w.buf = append(w.buf, kindObject)
		w.object(value, depth)
	default:
		w.scalar(name, value)
	}
}

func (w *writer) scalar(name string, value any) {
	switch value := value.(type) {
	case nil:
		w.buf = append(w.buf, kindNil)
	case bool:
		w.bool(value)
	case string:
		w.buf = append(w.buf, kindText)
		w.texts(value)
	case float64:
		w.buf = append(w.buf, kindFloat)
		w.bits(math.Float64bits(value))
	case int64:
		w.buf = append(w.buf, kindInt)
		w.bits(uint64(value)) //nolint:gosec // G115: the same bits
	case json.Number:
		w.buf = append(w.buf, kindNumber)
		w.texts(value.String())
	case time.Time:
		w.buf = append(w.buf, kindTime)
		w.times(value)
	default:
		w.fail(fmt.Errorf("claim %q is a %T, which is no JSON value", name, value))
	}
}

func (w *writer) bool(value bool) {
	kind := kindFalse
	if value {
		kind = kindTrue
	}
	w.buf = append(w.buf, kind)
}

func (w *writer) fail(err error) {
	if w.err == nil {
		w.err = err
	}
}

func (r *reader) object(depth int) map[string]any {
	length, ok := r.length()
	if !ok {
		return nil
	}
	object := make(map[string]any, min(length, 64))
	for range length {
		var name string
		r.texts(&name)
		object[name] = r.value(depth + 1)
		if r.err != nil {
			return nil
		}
	}
	return object
}

func (r *reader) value(depth int) any {
	if depth > maxDepth {
		r.err = errFormat
		return nil
	}
	switch kind := r.byte(); kind {
	case kindTexts:
		return r.list()
	case kindList:
		return r.values(depth)
	case kindObject:
		return r.object(depth)
	default:
		return r.scalar(kind)
	}
}

func (r *reader) values(depth int) []any {
	length, ok := r.length()
	if !ok {
		return nil
	}
	values := make([]any, 0, min(length, 64))
	for range length {
		values = append(values, r.value(depth+1))
		if r.err != nil {
			return nil
		}
	}
	return values
}

func (r *reader) scalar(kind byte) any {
	switch kind {
	case kindNil:
		return nil
	case kindFalse, kindTrue:
		return kind == kindTrue
	case kindText:
		return r.take(r.uvarint())
	case kindFloat:
		return math.Float64frombits(uint64(r.int64())) //nolint:gosec // G115: the same bits
	case kindInt:
		return r.int64()
	case kindNumber:
		return json.Number(r.take(r.uvarint()))
	case kindTime:
		var t time.Time
		r.times(&t)
		return t
	default:
		r.err = errFormat
		return nil
	}
}
