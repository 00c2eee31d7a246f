package store

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestHandleRoundTrip(t *testing.T) {
	handle := NewHandle(time.Now())
	text := handle.Reveal()
	if len(text) != HandleLength {
		t.Errorf("length %d, want %d", len(text), HandleLength)
	}
	parsed, err := ParseHandle(text)
	if err != nil || parsed != handle || !parsed.Hash().Equal(handle.Hash()) {
		t.Errorf("ParseHandle(%q) = %v, %v", text, parsed, err)
	}
}

func TestParseHandleAcceptsOneSpelling(t *testing.T) {
	text := NewHandle(time.Now()).Reveal()
	for name, mutation := range map[string]string{
		"empty":        "",
		"truncated":    text[:len(text)-1],
		"extended":     text + "A",
		"padded":       text + "=",
		"lower case":   strings.ToLower(text),
		"no dot":       strings.Replace(text, ".", "A", 1),
		"two dots":     text[:30] + "." + text[31:],
		"space":        text[:30] + " " + text[31:],
		"line break":   text[:30] + "\n" + text[31:],
		"trailing bit": text[:len(text)-1] + nextLetter(text[len(text)-1]),
	} {
		if _, err := ParseHandle(mutation); err == nil {
			t.Errorf("%s: accepted %q", name, mutation)
		}
	}
}

// nextLetter differs from letter in the lowest bit of its value only, which 32 bytes leave unused.
func nextLetter(letter byte) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	return string(alphabet[strings.IndexByte(alphabet, letter)^1])
}

func TestIDsSortByTime(t *testing.T) {
	start := time.UnixMilli(1_700_000_000_000)
	last := ""
	for step := range 5000 {
		id := NewID(start.Add(time.Duration(step) * 977 * time.Millisecond))
		if id <= last {
			t.Fatalf("id %q after %q", id, last)
		}
		last = id
	}
}

func TestHandleHidesItsSecret(t *testing.T) {
	handle := NewHandle(time.Now())
	_, secret, _ := strings.Cut(handle.Reveal(), ".")
	for _, text := range []string{fmt.Sprint(handle), fmt.Sprintf("%+v %#v %q %s", handle, handle, handle, handle)} {
		if strings.Contains(text, secret) {
			t.Errorf("secret printed: %s", text)
		}
	}
}
