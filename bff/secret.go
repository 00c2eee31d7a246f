package bff

import (
	"fmt"
	"log/slog"
)

const redacted = "redacted"

// Secret is a value that no log line, format verb or JSON document shows. Convert it with string(s) where it is used.
type Secret string

// LogValue keeps the secret out of log lines.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// String keeps the secret out of printed text.
func (Secret) String() string { return redacted }

// Format keeps the secret out of every format verb, %#v included.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// MarshalJSON keeps the secret out of JSON.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }
