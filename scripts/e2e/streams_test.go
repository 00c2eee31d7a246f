//go:build e2e

package e2e

import (
	"testing"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// A stream that is refused is an error on the console, which fails the test.
func TestPagesThatAreLeftHoldNoStream(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	for range 12 {
		b.visit(p.origin + "/inspector")
		b.see(component.IDStream, text.Say.TraceLive)
		b.visit(p.origin + "/session")
		b.wait("the screen is live", `document.querySelector(".live-on") !== null`)
	}
	b.back()
	b.see(component.IDStream, text.Say.TraceLive) // back from the cache, it listens again
}
