package bff

import (
	"slices"
	"testing"

	"cloakroom/bff/api"
)

// Beside a server that tells its side there is one that does not: the trace of a sign-in there says whose it is, and the state that this
// one is not instrumented. What the BFF sends it and gets from it is told all the same.
func TestTraceOfAProviderThatTellsNothingSaysSo(t *testing.T) {
	var second *stub
	var feed *otherFeed
	h := open(t, func(c *Config) {
		second = newStub(t, (&clock{}).now)
		another := c.Providers[0]
		another.ID, another.Name, another.Issuer = "other", "Other", second.issuer()
		feed = newFeed(t, `["`+c.Providers[0].Issuer+`"]`)
		c.Providers = append(c.Providers, another)
		c.Trace = TraceConfig{Enabled: true, Feeds: []string{feed.url()}}
	})
	feed.heard(t)
	for id, instrumented := range map[string]bool{"other": false, "baseline": true} {
		b := h.browser()
		b.navigate(b.startSignIn("?provider=" + id))
		s := b.inspect()
		s.until("state", func(s *traceReader) bool {
			return len(s.states) > 0 && slices.Equal(s.states[len(s.states)-1].Instrumented, []string{"baseline"})
		})
		asked := s.of(api.FlowSignIn, api.TraceTokenEndpoint, api.PartyBFF, api.PartyAuthorizationServer)
		answer := s.of(api.FlowSignIn, api.TraceTokenEndpoint, api.PartyAuthorizationServer, api.PartyBFF)
		if asked.Provider != id || answer.Message.Status != 200 || answer.Emitter != api.PartyBFF {
			t.Errorf("%s: %+v, %+v", id, asked, answer)
		}
		if slices.Contains(s.states[len(s.states)-1].Instrumented, asked.Provider) != instrumented {
			t.Errorf("%s is not told apart: %+v", id, s.states)
		}
	}
}
