package bff

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"cloakroom/bff/session"
)

const (
	// loopPause is how fast a person does not sign in again: sign-ins that follow each other faster, more than loopLimit of
	// them, are a page and an API that disagree, such as one that asks for an acr which it then does not accept.
	loopPause = 10 * time.Second
	loopLimit = 5
)

// isLooping reports whether the session came of too many sign-ins in a row, just now.
func (b *BFF) isLooping(current session.Record) bool {
	return current.SignIns >= loopLimit && b.now().Sub(current.Created) < loopPause
}

const (
	// attemptLimit is how many sign-ins may follow each other within loopPause without one that makes a session: more are a page
	// that asks again whenever nobody is signed in, and a provider that will not or never answers. A person who opens all their tabs
	// again stays below it.
	attemptLimit    = 60
	attemptsCookie  = session.CookieName + "-attempts"
	attemptsPurpose = "attempts"
)

// attempt is what a failed sign-in leaves in the browser, sealed, for as long as it counts.
type attempt struct {
	Count int       `json:"n"`
	Last  time.Time `json:"t"`
}

// attempts counts the sign-ins of this browser that followed each other just now and made no session: those that are under way,
// and the one that failed last.
func (b *BFF) attempts(r *http.Request) int {
	count := 0
	for _, cookie := range r.Cookies() {
		switch {
		case strings.HasPrefix(cookie.Name, transactionPrefix):
			if tx, ok := b.openTransaction(cookie); ok && b.now().Sub(tx.Started) < loopPause {
				count = max(count, tx.Attempt)
			}
		case cookie.Name == attemptsCookie:
			count = max(count, b.failedAttempts(cookie))
		}
	}
	return count
}

func (b *BFF) failedAttempts(cookie *http.Cookie) int {
	sealed, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil {
		return 0
	}
	plain, err := b.sealer.Open(attemptsPurpose, sealed, []byte(attemptsCookie))
	var failed attempt
	if err != nil || json.Unmarshal(plain, &failed) != nil || b.now().Sub(failed.Last) >= loopPause {
		return 0
	}
	return failed.Count
}

// keepAttempt is a courtesy to the provider: without it a sign-in fails as it would.
func (b *BFF) keepAttempt(w http.ResponseWriter, tx *transaction) {
	plain, err := json.Marshal(attempt{tx.Attempt, b.now()})
	if err != nil {
		return
	}
	sealed, err := b.sealer.Seal(attemptsPurpose, plain, []byte(attemptsCookie))
	if err != nil {
		return
	}
	cookie := deletedCookie(attemptsCookie)
	cookie.Value, cookie.MaxAge = base64.RawURLEncoding.EncodeToString(sealed), int(loopPause/time.Second)
	http.SetCookie(w, cookie)
}

// signInsAfter counts the sign-in that replaces a session.
func (b *BFF) signInsAfter(previous session.Record) int {
	if previous.ID == "" || b.now().Sub(previous.Created) >= loopPause {
		return 1
	}
	return previous.SignIns + 1
}
