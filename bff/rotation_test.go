package bff

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// rotation is a token endpoint that rotates refresh tokens, slowly, and knows which instance it answered.
type rotation struct {
	grace bool // a lost response can be asked for again, as at our own server; otherwise one use, and reuse ends the family

	mu       sync.Mutex
	spent    map[string]string // refresh token: its successor
	revoked  map[string]bool   // families
	last     map[string]string // family: the instance that the last rotation was answered to
	rotated  map[string]int    // family: rotations in this round
	answered map[string]int    // instance: answers in this round
	replayed int               // lost answers that were asked for again
	after    func(instance string, answers int)
}

func newRotation(grace bool) *rotation {
	r := &rotation{grace: grace, spent: map[string]string{}, revoked: map[string]bool{}, last: map[string]string{}}
	r.round(nil)
	return r
}

func (r *rotation) round(after func(string, int)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.rotated, r.answered, r.after = map[string]int{}, map[string]int{}, after
}

func family(refreshToken string) (name string, generation int) {
	name, number, _ := strings.Cut(refreshToken, ".")
	generation, _ = strconv.Atoi(number)
	return name, generation
}

func (r *rotation) intercept(w http.ResponseWriter, request *http.Request) bool {
	if request.PostForm.Get("grant_type") != "refresh_token" {
		return false
	}
	time.Sleep(time.Duration(anyOf(60)) * time.Millisecond)
	instance := request.Header.Get("X-Instance")
	next, answers, ok := r.rotate(request.PostForm.Get("refresh_token"), instance)
	if !ok {
		writeJSON(w, "application/json", 400, map[string]string{"error": "invalid_grant"})
		return true
	}
	if r.after != nil {
		r.after(instance, answers)
	}
	time.Sleep(time.Duration(anyOf(60)) * time.Millisecond)
	writeJSON(w, "application/json", 200, map[string]any{
		"access_token": "at-" + rand.Text(), "token_type": "Bearer", "expires_in": 300, "refresh_token": next, "scope": "openid profile notes.read",
	})
	return true
}

func (r *rotation) rotate(old, instance string) (next string, answers int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name, generation := family(old)
	successor, used := r.spent[old]
	_, again := r.spent[successor]
	switch {
	case r.revoked[name]:
		return "", 0, false
	case used && (!r.grace || again):
		r.revoked[name] = true
		return "", 0, false
	case used:
		r.replayed++
		return successor, 0, true
	}
	next = fmt.Sprintf("%s.%d", name, generation+1)
	r.spent[old], r.last[name] = next, instance
	r.rotated[name]++
	r.answered[instance]++
	return next, r.answered[instance], true
}

// count is the number of rotations in this round; more than one of a family is one too many.
func (r *rotation) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	total := 0
	for _, times := range r.rotated {
		total += times
	}
	return total
}

// allStored reports whether every session has the newest of its refresh tokens in the store.
func (r *rotation) allStored(stored *sync.Map) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, next := range r.spent {
		if _, kept := stored.Load(next); !kept {
			return false
		}
	}
	return true
}

// unstored are the families whose last answer went to the killed instance, which did not store it.
func (r *rotation) unstored(stored *sync.Map) map[string]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	lost := map[string]bool{}
	for old, next := range r.spent {
		name, _ := family(old)
		_, kept := stored.Load(next)
		if _, again := r.spent[next]; !again && !kept && r.last[name] == "b" {
			lost[name] = true
		}
	}
	return lost
}

// anyOf returns a number below n, at random.
func anyOf(n uint16) int {
	var data [2]byte
	_, _ = rand.Read(data[:]) // never fails (crypto/rand)
	return int(binary.BigEndian.Uint16(data[:]) % n)
}
