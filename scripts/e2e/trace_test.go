//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloakroom/bff/api"
	"cloakroom/scripts/visitor"
)

// fetch is a request of the page's, with the visitor's cookies.
func fetch(t *testing.T, p *product, v *visitor.Visitor, path, accept string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.origin+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Cookie": v.Cookie("localhost"), "Accept": accept, "Origin": p.origin, "Sec-Fetch-Site": "same-origin", "Sec-Fetch-Mode": "cors",
		"Sec-Fetch-Dest": "empty", "X-BFF-CSRF": "1",
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = response.Body.Close() })
	if response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s", path, response.Status)
	}
	return response
}

// traceOf reads the session's trace until all ten steps were told.
func traceOf(t *testing.T, p *product, v *visitor.Visitor) (events []api.TraceEvent, raw string) {
	t.Helper()
	lines := bufio.NewScanner(fetch(t, p, v, api.PathTrace, "text/event-stream").Body)
	lines.Buffer(nil, 1<<20)
	name, steps := "", map[api.Step]bool{}
	for len(steps) < 10 && lines.Scan() {
		raw += lines.Text() + "\n"
		if event, found := strings.CutPrefix(lines.Text(), "event: "); found {
			name = event
		}
		data, found := strings.CutPrefix(lines.Text(), "data: ")
		if !found || name != api.EventTrace {
			continue
		}
		var event api.TraceEvent
		if err := json.Unmarshal([]byte(data), &event); err != nil {
			t.Fatal(err)
		}
		events = append(events, event)
		if told(event) {
			steps[event.Step] = true
		}
	}
	if len(steps) < 10 {
		t.Fatalf("steps %v, then %v:\n%s", steps, lines.Err(), raw)
	}
	return events, raw
}

// told reports whether the step is told by the server that does it.
func told(event api.TraceEvent) bool {
	by := map[api.Step]api.Party{
		api.StepRedirect: api.PartyAuthorizationServer, api.StepAuthenticate: api.PartyAuthorizationServer, api.StepCode: api.PartyAuthorizationServer,
		api.StepValidate: api.PartyAuthorizationServer, api.StepTokenResponse: api.PartyAuthorizationServer, api.StepResourceAnswer: api.PartyAPI,
	}[event.Step]
	return event.Step != 0 && (by == "" || by == event.Emitter)
}

// TestTraceTellsTheTenStepsOfASignInAndACall signs in and calls the API, and asks the trace: each step is there, told by whoever does
// it, in order, and what two servers saw of one value has one reference.
func TestTraceTellsTheTenStepsOfASignInAndACall(t *testing.T) {
	for _, provider := range []string{"baseline", "fapi2"} {
		t.Run(provider, func(t *testing.T) {
			p, v := start(t), visitor.New(nil)
			if err := v.SignIn(t.Context(), p.origin, provider, "alice", "wonderland"); err != nil {
				t.Fatal(err)
			}
			fetch(t, p, v, "/api/notes", "application/json")
			events, raw := traceOf(t, p, v)
			began := map[api.Step]time.Time{}
			refs := map[string][]string{} // by name of the value, from every event that has it
			flow := ""
			for _, event := range events {
				if at, known := began[event.Step]; told(event) && (!known || event.At.Before(at)) {
					began[event.Step] = event.At
				}
				if event.Kind == api.FlowSignIn && flow == "" {
					flow = event.Flow
				}
				if event.Message == nil || event.Flow != flow {
					continue
				}
				for _, value := range event.Message.Values {
					if value.Ref != "" && !slices.Contains(refs[value.Name], value.Ref) {
						refs[value.Name] = append(refs[value.Name], value.Ref)
					}
				}
			}
			for step := api.StepAuthorize; step <= api.StepResourceAnswer; step++ {
				if began[step].Before(began[step-1]) {
					t.Errorf("step %d began at %s, before step %d at %s", step, began[step], step-1, began[step-1])
				}
			}
			for _, name := range []string{"state", "code", "access_token", "id_token", "code_challenge"} {
				if len(refs[name]) != 1 {
					t.Errorf("%s has the references %v in one flow", name, refs[name])
				}
			}
			for _, secret := range []string{"alice", "wonderland", "Liddell"} {
				if strings.Contains(raw, secret) {
					t.Errorf("%q is told", secret)
				}
			}
		})
	}
}
