//go:build e2e

package e2e

import "testing"

// The loader asks who is signed in for whatever screen is the first. One that shows nobody has no use for the answer, and the next has
// none for an old one.
func TestScreenAfterOneForEverybodyAsksAnew(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/build")
	running(b)
	enter(b.tab(), p)
	b.follow("/")
	b.see("user-name", "Alice")
	if evaluate[string](b, `performance.getEntriesByType("navigation")[0].name`) != p.origin+"/build" {
		t.Error("the page was loaded again, which asks by itself")
	}
}
