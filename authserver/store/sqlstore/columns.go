package sqlstore

import (
	"encoding/json"
	"fmt"
	"time"

	"cloakroom/authserver/oauth"
	"cloakroom/authserver/store"
)

// millis is how an instant is kept: milliseconds since 1970, 0 for the zero time.
func millis(instant time.Time) int64 {
	if instant.IsZero() {
		return 0
	}
	return instant.UnixMilli()
}

// instant scans what millis kept.
type instant struct{ into *time.Time }

// Scan is for database/sql.
func (i instant) Scan(value any) error {
	kept, ok := value.(int64)
	switch {
	case !ok:
		return fmt.Errorf("an instant is kept as %T", value)
	case kept == 0:
		*i.into = time.Time{}
	default:
		*i.into = time.UnixMilli(kept).UTC()
	}
	return nil
}

// digest scans a hash.
type digest struct{ into *store.Hash }

// Scan is for database/sql.
func (d digest) Scan(value any) error {
	kept, ok := value.([]byte)
	if !ok || len(kept) != len(d.into) {
		return fmt.Errorf("a hash is kept as %T", value)
	}
	copy(d.into[:], kept)
	return nil
}

// scopes scans what Scopes.String kept.
type scopes struct{ into *oauth.Scopes }

// Scan is for database/sql.
func (s scopes) Scan(value any) error {
	kept, err := text(value)
	*s.into = oauth.ParseScopes(kept)
	return err
}

// encoded is how a list or a map is kept: as JSON, empty when there is nothing in it.
func encoded[T ~[]string | ~map[string]any](value T) (string, error) {
	if len(value) == 0 {
		return "", nil
	}
	data, err := json.Marshal(value)
	return string(data), err
}

// names is encoded for a list of strings, which always can be.
func names(value []string) string {
	data, _ := encoded(value)
	return data
}

// decoded scans what encoded kept.
type decoded[T any] struct{ into *T }

// Scan is for database/sql.
func (d decoded[T]) Scan(value any) error {
	kept, err := text(value)
	if err != nil || kept == "" {
		return err
	}
	return json.Unmarshal([]byte(kept), d.into)
}

// text is a column of type TEXT, which drivers hand over as either type.
func text(value any) (string, error) {
	switch kept := value.(type) {
	case string:
		return kept, nil
	case []byte:
		return string(kept), nil
	default:
		return "", fmt.Errorf("a text is kept as %T", value)
	}
}

// flag is how a truth is kept.
func flag(value bool) int64 {
	if value {
		return 1
	}
	return 0
}
