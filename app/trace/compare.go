package trace

import (
	"cloakroom/bff/api"
)

// Row is one message of two runs, side by side. One of both may be missing.
type Row struct {
	A, B        *api.TraceEvent
	Differences []Difference
}

// Either is the event of the row that is there.
func (r Row) Either() api.TraceEvent {
	if r.A != nil {
		return *r.A
	}
	return *r.B
}

// Differs reports whether anything is not the same.
func (r Row) Differs() bool { return r.A == nil || r.B == nil || len(r.Differences) > 0 }

// Difference is something that the two runs say differently; "" is for what one of them does not have.
type Difference struct{ Name, A, B string }

// place is what makes messages of two runs the same one: who tells what of whom, for the how manyth time.
type place struct {
	name     api.TraceName
	from, to api.Party
	emitter  api.Party
	response bool
	nth      int
}

// Compare puts two runs side by side, in the order of the first; what only the second has stands where it happened.
func Compare(a, b []api.TraceEvent) []Row {
	placesB, eventsB := arranged(b)
	placesA, eventsA := arranged(a)
	var rows []Row
	next := 0
	extra := func(until int) {
		for ; next < until; next++ {
			if _, ok := eventsA[placesB[next]]; !ok {
				rows = append(rows, Row{B: eventsB[placesB[next]]})
			}
		}
	}
	index := map[place]int{}
	for i, place := range placesB {
		index[place] = i
	}
	for _, place := range placesA {
		if at, ok := index[place]; ok {
			extra(at)
			rows = append(rows, Row{eventsA[place], eventsB[place], differences(*eventsA[place], *eventsB[place])})
			continue
		}
		rows = append(rows, Row{A: eventsA[place]})
	}
	extra(len(placesB))
	return rows
}

func arranged(events []api.TraceEvent) ([]place, map[place]*api.TraceEvent) {
	order := make([]place, len(events))
	found := make(map[place]*api.TraceEvent, len(events))
	for i, event := range events {
		this := place{event.Name, event.From, event.To, event.Emitter, IsResponse(event), 0}
		for found[this] != nil {
			this.nth++
		}
		order[i], found[this] = this, &events[i]
	}
	return order, found
}

// differences lists what is not the same although it could be. Times and sizes are never the same, and references cannot be
// compared between flows: of those it counts whether they are there.
func differences(a, b api.TraceEvent) []Difference {
	var d differ
	d.add("provider", a.Provider, b.Provider)
	before, after := a.Message, b.Message
	if before == nil {
		before = &api.TraceMessage{}
	}
	if after == nil {
		after = &api.TraceMessage{}
	}
	d.add("method", before.Method, after.Method)
	d.add("origin", before.Origin, after.Origin)
	d.add("route", before.Route, after.Route)
	d.add("status", status(before.Status), status(after.Status))
	d.fields(valueFields(before.Values), valueFields(after.Values))
	d.fields(checkFields(a.Checks), checkFields(b.Checks))
	return d.found
}

type differ struct{ found []Difference }

func (d *differ) add(name, a, b string) {
	if a != b {
		d.found = append(d.found, Difference{name, a, b})
	}
}

// field is something with a name and what it says.
type field struct{ name, says string }

func (d *differ) fields(a, b []field) {
	says := map[string]string{}
	for _, one := range b {
		says[one.name] = one.says
	}
	for _, one := range a {
		d.add(one.name, one.says, says[one.name])
		delete(says, one.name)
	}
	for _, one := range b {
		if says, left := says[one.name]; left {
			d.add(one.name, "", says)
		}
	}
}

// fresh are the claims that differ in every token.
var fresh = map[string]bool{"iat": true, "exp": true, "nbf": true, "auth_time": true}

// hidden stands for a value that is there and not shown.
const hidden = "…"

func valueFields(values []api.TraceValue) []field {
	var fields []field
	for _, value := range values {
		says := value.Value
		if says == "" {
			says = hidden
		}
		if value.Name != "expires_in" {
			fields = append(fields, field{value.Name, says})
		}
		if value.Token == nil {
			continue
		}
		for _, part := range []map[string]any{value.Token.Header, value.Token.Claims} {
			for _, name := range Names(part) {
				says := Claim(part[name])
				if _, ok := ClaimRef(part[name]); ok {
					says = hidden
				}
				if !fresh[name] {
					fields = append(fields, field{value.Name + "." + name, says})
				}
			}
		}
	}
	return fields
}

func checkFields(checks []api.TraceCheck) []field {
	fields := make([]field, len(checks))
	for i, check := range checks {
		fields[i] = field{check.Name, "✓"}
		if !check.OK {
			fields[i].says = "✗"
		}
	}
	return fields
}

func status(n int) string {
	if n == 0 {
		return ""
	}
	return number(uint64(n))
}
