package trace

import "cloakroom/bff/api"

// side is one direction of an exchange.
type side struct {
	flow, exchange string
	response       bool
}

// Echoes are the messages that somebody has told before: both ends of an exchange tell what they sent or got.
func Echoes(events []api.TraceEvent) map[string]bool {
	first, echoes := map[side]api.Party{}, map[string]bool{}
	for _, event := range events {
		if event.Exchange == "" || event.Message == nil || event.From == event.To {
			continue
		}
		this := side{event.Flow, event.Exchange, IsResponse(event)}
		switch teller, told := first[this]; {
		case !told:
			first[this] = event.Emitter
		case teller != event.Emitter:
			echoes[Key(event)] = true
		}
	}
	return echoes
}

// Once leaves out what was told before, so that a message is there once.
func Once(events []api.TraceEvent) []api.TraceEvent {
	echoes := Echoes(events)
	var once []api.TraceEvent
	for _, event := range events {
		if !echoes[Key(event)] {
			once = append(once, event)
		}
	}
	return once
}
