//go:build e2e

package e2e

import (
	"slices"
	"strings"
	"testing"
)

// The control of every journey: an error on the console, one that nobody catches, and a request to another host are heard.
func TestTheBrowserHearsErrorsAndOtherHosts(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/")
	running(b)
	evaluate[bool](b, `(console.error("a canary of the console"), setTimeout(() => { throw new Error("nobody catches it") }), true)`)
	b.visit(strings.Replace(p.origin, "localhost", "127.0.0.1", 1) + "/robots.txt")
	heard := func(text string) bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return slices.ContainsFunc(b.problems, func(problem string) bool { return strings.Contains(problem, text) })
	}
	b.mu.Lock()
	host := b.hosts["127.0.0.1"]
	delete(b.hosts, "127.0.0.1")
	b.mu.Unlock()
	if !heard("a canary of the console") || !heard("exception: ") || !host {
		t.Errorf("heard: %q, another host: %t", b.problems, host)
	}
	b.forgive("")
}
