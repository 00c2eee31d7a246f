package factor

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // what authenticator apps know; HMAC does not need more of it (RFC 6238 §1.2)
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"
)

// Secret is what an authenticator app and the server share. It is sealed where it is kept.
type Secret []byte

const (
	// SecretBytes is the length of a secret (RFC 4226 §4 R6).
	SecretBytes = 20
	period      = 30 * time.Second
	digits      = 6
	modulus     = 1_000_000
	// skew is how many time steps before and after now count: clocks differ, and typing takes time (RFC 6238 §5.2).
	skew = 1
)

var base32Text = base32.StdEncoding.WithPadding(base32.NoPadding)

// Step is the number of the time step that an instant is in (RFC 6238 §4.2). It is never zero.
func Step(now time.Time) int64 { return now.Unix() / int64(period/time.Second) }

// Code is the code of a time step (RFC 4226 §5.3).
func (s Secret) Code(step int64) string {
	var counter [8]byte
	binary.BigEndian.PutUint64(counter[:], uint64(step)) //nolint:gosec // instants are after 1970
	mac := hmac.New(sha1.New, s)
	mac.Write(counter[:])
	sum := mac.Sum(nil)
	offset := sum[len(sum)-1] & 0x0f
	number := binary.BigEndian.Uint32(sum[offset:]) & 0x7fffffff
	return fmt.Sprintf("%0*d", digits, number%modulus)
}

// Match finds the time step whose code it is. The caller has to use the step up: a code counts once (RFC 6238 §5.2). All steps are
// compared, each in constant time.
func (s Secret) Match(code string, now time.Time) (step int64, ok bool) {
	code = strings.ReplaceAll(strings.TrimSpace(code), " ", "")
	for candidate := Step(now) - skew; candidate <= Step(now)+skew; candidate++ {
		if subtle.ConstantTimeCompare([]byte(s.Code(candidate)), []byte(code)) == 1 {
			step, ok = candidate, true
		}
	}
	return step, ok
}

// Text is the secret for a user who types it, in groups of four.
func (s Secret) Text() string {
	var groups []string
	for text := base32Text.EncodeToString(s); text != ""; {
		length := min(len(text), 4)
		groups = append(groups, text[:length])
		text = text[length:]
	}
	return strings.Join(groups, " ")
}

// URI is the secret for an app that reads a QR code. The title says whose code it is in the app's list.
func (s Secret) URI(title, username string) string {
	query := url.Values{
		"secret": {base32Text.EncodeToString(s)}, "issuer": {title}, "algorithm": {"SHA1"},
		"digits": {fmt.Sprint(digits)}, "period": {fmt.Sprint(int(period / time.Second))},
	}
	label := url.PathEscape(strings.ReplaceAll(title, ":", " ")) + ":" + url.PathEscape(username)
	// Apps take a plus for what it is.
	return "otpauth://totp/" + label + "?" + strings.ReplaceAll(query.Encode(), "+", "%20")
}

// String, GoString and LogValue keep the secret out of logs.
func (s Secret) String() string { return "redacted" }

// GoString is for %#v.
func (s Secret) GoString() string { return "redacted" }

// LogValue is for log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue("redacted") }
