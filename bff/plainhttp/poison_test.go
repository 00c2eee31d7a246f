package plainhttp

import (
	"net/http"
	"syscall"
	"testing"
	"time"
)

// What comes without having been asked for would be the next request's answer: response queue poisoning.
func TestWhatNobodyAskedForAnswersNobody(t *testing.T) {
	const poison = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"
	for name, test := range map[string]struct{ first, later string }{
		"with the answer": {hello + poison, ""},
		"after it":        {hello, poison},
		"one byte":        {hello, "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			said := make(chan struct{})
			u := newUpstream(t, func(c *talk) {
				for {
					if _, ok := c.request(); !ok {
						return
					}
					if c.requests.Load() > 1 {
						c.say(hello)
						continue
					}
					c.say(test.first)
					time.Sleep(20 * time.Millisecond) // until the first answer was read
					c.say(test.later)
					close(said)
				}
			})
			ours := newTransport(t, u, nil)
			for range 2 {
				if _, text, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)); text != "hello" || err != nil {
					t.Errorf("%q %v", text, err)
				}
				<-said
			}
		})
	}
}

// The control of the test above: whoever does not look gets the poison.
func TestAConnectionThatIsNotLookedAtWouldBePoisoned(t *testing.T) {
	answered, said := make(chan struct{}), make(chan struct{})
	u := newUpstream(t, func(c *talk) {
		_, _ = c.request()
		c.say(hello)
		<-answered
		c.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
		close(said)
		_, _ = c.request()
	})
	ours := newTransport(t, u, nil)
	_, _, _ = get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil))
	close(answered)
	<-said
	time.Sleep(100 * time.Millisecond) // until it has come
	kept := ours.idle[0]
	if kept.silent() {
		t.Error("the poison was not noticed")
	}
	kept.probe.look = func(uintptr) bool { kept.probe.err = syscall.EAGAIN; return true }
	if _, text, err := get(t, ours, u.asked(t, t.Context(), http.MethodGet, "/", nil)); text != "poison" {
		t.Errorf("%q %v: the test above cannot fail", text, err)
	}
}
