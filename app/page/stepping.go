package page

// keySteps is kept in the tab that step mode was switched on in, for when it loads again.
const keySteps = "cloakroom-steps"

// keepSteps says whether step mode was switched on in this tab. What is held while nobody watches the trace is let go, and nothing
// more is held: so this tab goes on to watch when it is hidden, as it is while the user signs in in another one. There is one such
// tab, as the others only see that step mode is on.
func (i *Inspector) keepSteps(on bool) {
	i.steps = on
	if on {
		i.Browser.Keep(keySteps, "yes")
		return
	}
	i.Browser.TakeKept(keySteps)
	i.rest()
}

func (i *Inspector) stepsHere() bool { return i.steps }
