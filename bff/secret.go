package bff

import (
	"fmt"
	"log/slog"
)

const redacted = "redacted"

// Secret is a value that no log line, format verb or JSON document shows. It is behind a pointer because package fmt
// looks into unexported fields without asking their methods.
type Secret struct{ value *string }

func newSecret(value string) Secret { return Secret{&value} }

// reveal returns the value, where it is used; empty without one.
func (s Secret) reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// LogValue keeps the secret out of log lines.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// String keeps the secret out of printed text.
func (Secret) String() string { return redacted }

// Format keeps the secret out of every format verb, %#v included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON keeps the secret out of JSON.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
