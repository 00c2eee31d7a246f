package trace

import (
	"strings"

	"cloakroom/bff/api"
)

// refClaim begins a claim that may only be compared.
const refClaim = "ref:"

// ClaimRef returns the reference that stands for a claim's value.
func ClaimRef(claim any) (ref string, ok bool) {
	text, isText := claim.(string)
	if !isText {
		return "", false
	}
	return strings.CutPrefix(text, refClaim)
}

// Links says of each reference how often it occurs, and which mark goes with it: the same one wherever it is.
type Links struct {
	count map[string]int
	order map[string]int
}

// marks tell references apart at a glance, without colour.
var marks = []string{"●", "▲", "■", "◆", "★", "✚", "▼", "◐", "▰", "✱", "○", "△", "□", "◇", "☆", "▽"}

// NewLinks counts the references in events.
func NewLinks(events []api.TraceEvent) Links {
	links := Links{map[string]int{}, map[string]int{}}
	for _, event := range events {
		if event.Message == nil {
			continue
		}
		for _, value := range event.Message.Values {
			links.add(value.Ref)
			if value.Token == nil {
				continue
			}
			for _, part := range []map[string]any{value.Token.Header, value.Token.Claims} {
				for _, name := range Names(part) {
					if ref, ok := ClaimRef(part[name]); ok {
						links.add(ref)
					}
				}
			}
		}
	}
	return links
}

func (l Links) add(ref string) {
	if ref == "" {
		return
	}
	l.count[ref]++
	if _, ok := l.order[ref]; !ok {
		l.order[ref] = len(l.order)
	}
}

// Count says how often a reference occurs.
func (l Links) Count(ref string) int { return l.count[ref] }

// Mark is the sign that goes with a reference.
func (l Links) Mark(ref string) string { return marks[l.order[ref]%len(marks)] }

// Has reports whether the event carries the reference.
func Has(event api.TraceEvent, ref string) bool {
	return ref != "" && NewLinks([]api.TraceEvent{event}).count[ref] > 0
}
