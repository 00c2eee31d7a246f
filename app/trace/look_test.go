package trace

import (
	"testing"

	"cloakroom/bff/api"
)

func message(name api.TraceName, from, to api.Party) api.TraceEvent {
	return api.TraceEvent{Name: name, From: from, To: to, Message: &api.TraceMessage{Method: "GET"}}
}

func TestEachSeatSeesWhatItCanSee(t *testing.T) {
	const browser, bff, server, resource = api.PartyBrowser, api.PartyBFF, api.PartyAuthorizationServer, api.PartyAPI
	for name, row := range map[string]struct {
		event api.TraceEvent
		want  map[Seat]Lock
	}{
		"the page's own call": {message(api.TraceCall, browser, bff), map[Seat]Lock{
			SeatScript: Open, SeatBrowser: Open, SeatNetwork: LockEncrypted, SeatBFF: Open, SeatAuthorizationServer: LockElsewhere, SeatAPI: LockElsewhere,
		}},
		"its answer": {message(api.TraceCall, bff, browser), map[Seat]Lock{SeatScript: Open, SeatBrowser: Open, SeatBFF: Open}},
		"the call with the token": {message(api.TraceCall, bff, resource), map[Seat]Lock{
			SeatScript: LockBackChannel, SeatBrowser: LockBackChannel, SeatNetwork: LockEncrypted, SeatBFF: Open, SeatAuthorizationServer: LockElsewhere, SeatAPI: Open,
		}},
		"the callback with the code": {message(api.TraceCallback, browser, bff), map[Seat]Lock{
			SeatScript: LockNavigation, SeatBrowser: Open, SeatNetwork: LockEncrypted, SeatBFF: Open, SeatAuthorizationServer: LockElsewhere, SeatAPI: LockElsewhere,
		}},
		"the password": {message(api.TraceSignInForm, browser, server), map[Seat]Lock{
			SeatScript: LockOtherOrigin, SeatBrowser: Open, SeatNetwork: LockEncrypted, SeatBFF: LockElsewhere, SeatAuthorizationServer: Open, SeatAPI: LockElsewhere,
		}},
		"the tokens": {message(api.TraceTokenEndpoint, server, bff), map[Seat]Lock{
			SeatScript: LockBackChannel, SeatBrowser: LockBackChannel, SeatNetwork: LockEncrypted, SeatBFF: Open, SeatAuthorizationServer: Open, SeatAPI: LockElsewhere,
		}},
		"a check of the BFF": {message(api.TraceIDToken, bff, bff), map[Seat]Lock{
			SeatScript: LockInside, SeatBrowser: LockInside, SeatNetwork: LockInside, SeatBFF: Open, SeatAuthorizationServer: LockInside, SeatAPI: LockInside,
		}},
		"back-channel logout": {message(api.TraceBackchannelLogout, server, bff), map[Seat]Lock{SeatScript: LockBackChannel, SeatBrowser: LockBackChannel, SeatBFF: Open}},
		"the new session":     {message(api.TraceSessionStarted, bff, browser), map[Seat]Lock{SeatScript: LockNavigation, SeatBrowser: Open}},
	} {
		t.Run(name, func(t *testing.T) {
			if lock := See(Everywhere, row.event); lock != Open {
				t.Errorf("the inspector itself is locked out: %s", lock)
			}
			for seat, want := range row.want {
				if got := See(seat, row.event); got != want {
					t.Errorf("%s: got %q, want %q", seat, got, want)
				}
			}
		})
	}
}

func TestNoSeatButTheirOwnersSeesTokens(t *testing.T) {
	for _, event := range messages(t, "flow1") {
		if event.Message == nil {
			continue
		}
		for _, value := range event.Message.Values {
			if value.Token == nil {
				continue
			}
			for _, seat := range []Seat{SeatScript, SeatBrowser, SeatNetwork} {
				if See(seat, event) == Open {
					t.Errorf("%s sees %s in %s", seat, value.Name, event.Name)
				}
			}
		}
	}
}

func TestScriptSeesNoCookieInItsOwnCall(t *testing.T) {
	event := message(api.TraceCall, api.PartyBrowser, api.PartyBFF)
	event.Message.Values = []api.TraceValue{
		{In: api.InCookie, Name: "__Host-Http-cloakroom", Ref: "a"},
		{In: api.InHeader, Name: "Cookie"},
		{In: api.InHeader, Name: "set-cookie"},
		{In: api.InHeader, Name: "X-BFF-CSRF", Value: "1"},
	}
	if got := As(SeatScript, event).Message.Values; len(got) != 1 || got[0].Name != "X-BFF-CSRF" {
		t.Errorf("script sees %+v", got)
	}
	if got := As(SeatBrowser, event).Message.Values; len(got) != 4 || len(event.Message.Values) != 4 {
		t.Errorf("the browser sees %+v", got)
	}
}

func TestChecksAreSeenByWhoeverMadeThem(t *testing.T) {
	event := message(api.TraceCall, api.PartyBrowser, api.PartyBFF)
	event.Emitter, event.Checks = api.PartyBFF, []api.TraceCheck{{Name: "origin", OK: true}}
	for _, seat := range Seats {
		own := seat == Everywhere || seat == SeatBFF
		if sees := len(As(seat, event).Checks) == 1; sees != own || SeesChecks(seat, event) != own {
			t.Errorf("%q sees them: %t", seat, sees)
		}
	}
	if len(event.Checks) != 1 {
		t.Error("the event itself has lost them")
	}
}

func TestRunsAreComparedMessageByMessage(t *testing.T) {
	one := messages(t, "flow1")
	rows := Compare(one, messages(t, "flow1"))
	if len(rows) != len(one) {
		t.Errorf("%d rows for %d messages", len(rows), len(one))
	}
	for _, row := range rows {
		if row.Differs() {
			t.Errorf("a run differs from itself: %+v", row.Differences)
		}
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	for name, row := range map[string]struct {
		change func(event *api.TraceEvent)
		want   []Difference
	}{
		"nothing":       {func(*api.TraceEvent) {}, nil},
		"another value": {func(e *api.TraceEvent) { e.Message.Values[0].Value = "y" }, []Difference{{"scope", "x", "y"}}},
		"a missing value": {func(e *api.TraceEvent) { e.Message.Values = e.Message.Values[1:] }, []Difference{
			{"scope", "x", ""},
		}},
		"one value more": {func(e *api.TraceEvent) {
			e.Message.Values = append(e.Message.Values, api.TraceValue{In: api.InForm, Name: "dpop_jkt", Ref: "r"})
		}, []Difference{{"dpop_jkt", "", "…"}}},
		"references differ by design": {func(e *api.TraceEvent) { e.Message.Values[1].Ref = "other" }, nil},
		"times differ":                {func(e *api.TraceEvent) { e.DurationUS = 7; e.Message.Size = 9 }, nil},
		"another claim":               {func(e *api.TraceEvent) { e.Message.Values[1].Token.Claims["aud"] = "z" }, []Difference{{"code.aud", "a", "z"}}},
		"a fresh claim":               {func(e *api.TraceEvent) { e.Message.Values[1].Token.Claims["exp"] = 2.0 }, nil},
		"the status":                  {func(e *api.TraceEvent) { e.Message.Status = 400 }, []Difference{{"status", "200", "400"}}},
		"a check that failed":         {func(e *api.TraceEvent) { e.Checks[0].OK = false }, []Difference{{"pkce", "✓", "✗"}}},
	} {
		t.Run(name, func(t *testing.T) {
			make := func() api.TraceEvent {
				return api.TraceEvent{
					Name: "token", From: api.PartyBFF, To: api.PartyAuthorizationServer, Checks: []api.TraceCheck{{Name: "pkce", OK: true}},
					Message: &api.TraceMessage{Status: 200, Values: []api.TraceValue{
						{In: api.InForm, Name: "scope", Value: "x"},
						{In: api.InForm, Name: "code", Ref: "r", Token: &api.TraceToken{Claims: map[string]any{"aud": "a", "exp": 1.0, "jti": "ref:q"}}},
					}},
				}
			}
			changed := make()
			row.change(&changed)
			got := Compare([]api.TraceEvent{make()}, []api.TraceEvent{changed})
			if len(got) != 1 || len(got[0].Differences) != len(row.want) {
				t.Fatalf("got %+v", got)
			}
			for i, want := range row.want {
				if got[0].Differences[i] != want {
					t.Errorf("got %+v, want %+v", got[0].Differences[i], want)
				}
			}
		})
	}
}

func TestMessagesThatOnlyOneRunHasStandWhereTheyHappened(t *testing.T) {
	event := func(name api.TraceName) api.TraceEvent {
		return message(name, api.PartyBFF, api.PartyAuthorizationServer)
	}
	rows := Compare([]api.TraceEvent{event("a"), event("c"), event("only a")}, []api.TraceEvent{event("a"), event("only b"), event("c"), event("c")})
	var got []string
	for _, row := range rows {
		sides := "both"
		switch {
		case row.A == nil:
			sides = "B"
		case row.B == nil:
			sides = "A"
		}
		got = append(got, string(row.Either().Name)+" "+sides)
	}
	want := []string{"a both", "only b B", "c both", "only a A", "c B"}
	if len(got) != len(want) {
		t.Fatalf("got %q", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
