//go:build e2e

package e2e

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/bff/api"
	"cloakroom/scripts/visitor"
)

// inspector reads the trace of a visitor's session, as the page does.
type inspector struct {
	close  func()
	mu     sync.Mutex
	events []api.TraceEvent
	state  api.TraceState
	over   bool
}

func inspect(t *testing.T, p *product, who *visitor.Visitor) *inspector {
	t.Helper()
	response := call(t, p, who, http.MethodGet, api.PathTrace, "")
	if response.StatusCode != http.StatusOK {
		t.Fatalf("trace: status %d", response.StatusCode)
	}
	i := &inspector{close: func() { _ = response.Body.Close() }}
	t.Cleanup(i.close)
	go func() {
		lines, name := bufio.NewScanner(response.Body), ""
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			field, value, _ := strings.Cut(lines.Text(), ": ")
			i.mu.Lock()
			switch {
			case field == "event":
				name = value
			case field == "data" && name == api.EventTrace:
				var e api.TraceEvent
				if json.Unmarshal([]byte(value), &e) == nil {
					i.events = append(i.events, e)
				}
			case field == "data":
				_ = json.Unmarshal([]byte(value), &i.state)
			}
			i.mu.Unlock()
		}
		i.mu.Lock()
		defer i.mu.Unlock()
		i.over = true
	}()
	return i
}

// call is a request of the visitor's page.
func call(t *testing.T, p *product, who *visitor.Visitor, method, path, body string) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, p.origin+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Cookie", who.Cookie("localhost"))
	request.Header.Set("X-BFF-CSRF", "1")
	request.Header.Set("Sec-Fetch-Site", "same-origin")
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// until waits until the events, in the order in which things happened, satisfy the condition.
func (i *inspector) until(t *testing.T, what string, holds func([]api.TraceEvent) bool) []api.TraceEvent {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), startup)
	defer cancel()
	for {
		i.mu.Lock()
		events := slices.Clone(i.events)
		slices.SortStableFunc(events, func(a, b api.TraceEvent) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.ID, b.ID)) })
		done := holds(events)
		i.mu.Unlock()
		if done {
			return events
		}
		select {
		case <-ctx.Done():
			t.Fatalf("no %s in the trace:\n%s", what, listing(events))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func tells(events []api.TraceEvent, kind api.FlowKind, name api.TraceName, emitter api.Party) bool {
	return slices.ContainsFunc(events, func(e api.TraceEvent) bool { return e.Kind == kind && e.Name == name && e.Emitter == emitter })
}

// One sign-in and one API call in the real product are the ten steps, in order, each told by the server that does it, and what two
// servers tell has the same references.
func TestOneSignInAndOneCallAreTheTenStepsInOrder(t *testing.T) {
	p := start(t)
	for _, provider := range []string{"baseline", "fapi2"} {
		t.Run(provider, func(t *testing.T) {
			who := signInWhenHeard(t, p, provider)
			i := inspect(t, p, who)
			_ = call(t, p, who, http.MethodGet, "/api/notes", "").Body.Close()
			events := i.until(t, "answer of the API", func(events []api.TraceEvent) bool {
				return answered(events, api.PartyAPI) && answered(events, api.PartyBFF)
			})
			var order []api.Step
			emitters := map[api.Step]map[api.Party]bool{}
			for _, e := range events {
				if e.Step != 0 && !slices.Contains(order, e.Step) {
					order = append(order, e.Step)
					emitters[e.Step] = map[api.Party]bool{}
				}
				if e.Step != 0 {
					emitters[e.Step][e.Emitter] = true
				}
			}
			if want := []api.Step{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}; !slices.Equal(order, want) {
				t.Errorf("the steps are %v:\n%s", order, listing(events))
			}
			for step, who := range map[api.Step]api.Party{
				1: api.PartyBFF, 2: api.PartyAuthorizationServer, 3: api.PartyAuthorizationServer, 4: api.PartyAuthorizationServer,
				5: api.PartyAuthorizationServer, 6: api.PartyBFF, 7: api.PartyAuthorizationServer, 8: api.PartyBFF, 9: api.PartyBFF, 10: api.PartyAPI,
			} {
				if !emitters[step][who] {
					t.Errorf("step %d is not told by %s:\n%s", step, who, listing(events))
				}
			}
			linkedEverywhere(t, events, provider == "fapi2")
			for _, name := range []string{"state", "code", "access_token"} {
				if refs := referencesOf(events, name); len(refs) != 1 || len(refs[0]) != 6 {
					t.Errorf("%s has the references %q", name, refs)
				}
			}
		})
	}
}

func answered(events []api.TraceEvent, emitter api.Party) bool {
	return slices.ContainsFunc(events, func(e api.TraceEvent) bool {
		return e.Kind == api.FlowAPICall && e.Emitter == emitter && e.Step == api.StepResourceAnswer && (e.To == api.PartyBrowser || e.Message != nil && e.Message.Status == http.StatusOK)
	})
}

// signInWhenHeard signs in once the BFF reads what the other servers tell: at the start it may take a moment.
func signInWhenHeard(t *testing.T, p *product, provider string) *visitor.Visitor {
	t.Helper()
	for heard := false; ; {
		who := visitor.New(nil)
		if err := who.SignIn(t.Context(), p.origin, provider, "alice", "wonderland"); err != nil {
			t.Fatal(err)
		}
		if heard { // from its beginning
			return who
		}
		i := inspect(t, p, who)
		instrumented := []string(nil)
		i.until(t, "state", func([]api.TraceEvent) bool {
			instrumented = i.state.Instrumented
			return instrumented != nil
		})
		i.close()
		heard = slices.Contains(instrumented, provider)
	}
}

// referencesOf are those of a parameter of the sign-in, whoever tells it.
func referencesOf(events []api.TraceEvent, name string) []string {
	var refs []string
	for _, e := range events {
		if e.Kind != api.FlowSignIn || e.Message == nil {
			continue
		}
		for _, v := range e.Message.Values {
			if v.Name == name && !slices.Contains(refs, v.Ref) {
				refs = append(refs, v.Ref)
			}
		}
	}
	return refs
}

func listing(events []api.TraceEvent) string {
	var text strings.Builder
	for _, e := range events {
		status := 0
		if e.Message != nil {
			status = e.Message.Status
		}
		_, _ = fmt.Fprintf(&text, "%-9s %2d %-18s by %-20s %s → %s %d %s\n", e.Kind, e.Step, e.Name, e.Emitter, e.From, e.To, status, e.At.Format("05.000000"))
	}
	return text.String()
}

// Every other flow of the product is in the trace, with both sides of it.
func TestRefreshSignOutAndBackchannelLogoutAreFlowsOfTheTrace(t *testing.T) {
	p := start(t)
	who := signInWhenHeard(t, p, "baseline")
	i := inspect(t, p, who)
	_ = call(t, p, who, http.MethodPost, "/bff/session/refresh", "").Body.Close()
	i.until(t, "refresh", func(events []api.TraceEvent) bool {
		return tells(events, api.FlowRefresh, api.TraceRefresh, api.PartyBFF) && tells(events, api.FlowRefresh, api.TraceTokenEndpoint, api.PartyAuthorizationServer)
	})
	_ = call(t, p, who, http.MethodPost, "/bff/logout", "").Body.Close()
	i.until(t, "sign-out", func(events []api.TraceEvent) bool {
		return tells(events, api.FlowSignOut, api.TraceLogout, api.PartyBFF) && tells(events, api.FlowSignOut, api.TraceRevocation, api.PartyAuthorizationServer)
	})
	i.until(t, "end", func([]api.TraceEvent) bool { return i.over })

	who = signInWhenHeard(t, p, "baseline")
	i = inspect(t, p, who)
	if err := who.Visit(t.Context(), p.issuer+"/oauth2/logout"); err != nil {
		t.Fatal(err)
	}
	if err := who.Submit(t.Context(), "logout_yes", nil); err != nil {
		t.Fatal(err)
	}
	i.until(t, "back-channel logout", func(events []api.TraceEvent) bool {
		return tells(events, api.FlowBackchannelLogout, api.TraceBackchannelLogout, api.PartyBFF)
	})
	i.until(t, "end", func([]api.TraceEvent) bool { return i.over })
}
