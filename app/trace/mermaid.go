package trace

import (
	"strings"

	"cloakroom/bff/api"
)

// Mermaid writes the messages as a sequence diagram in Mermaid's language. The names are those of the lanes.
func Mermaid(events []api.TraceEvent, names map[api.Party]string) string {
	var b strings.Builder
	b.WriteString("sequenceDiagram\n")
	for _, party := range parties {
		b.WriteString("  participant " + mermaidID[party] + " as " + mermaidText(names[party]) + "\n")
	}
	for _, event := range Once(events) {
		from, to := mermaidID[event.From], mermaidID[event.To]
		switch {
		case event.From == event.To:
			b.WriteString("  Note over " + from + ": " + mermaidText(Label(event)) + "\n")
		case IsResponse(event):
			b.WriteString("  " + from + "-->>" + to + ": " + mermaidText(Label(event)) + "\n")
		default:
			b.WriteString("  " + from + "->>" + to + ": " + mermaidText(Label(event)) + "\n")
		}
	}
	return b.String()
}

var mermaidID = map[api.Party]string{
	api.PartyBrowser: "B", api.PartyBFF: "F", api.PartyAuthorizationServer: "S", api.PartyAPI: "A",
}

// mermaidText writes text so that it stays text: what ends a line or a statement, or begins a directive or an entity, becomes
// an entity code. Nothing that could be markup is left either.
func mermaidText(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '#' || r == ';' || r == '<' || r == '>' || r == '%' || r == '&' || r == '"' || r == '{' || r == '}' || r == '`':
			b.WriteString("#" + number(uint64(r)) + ";")
		case r < ' ' || r == 0x7f || r == '\u2028' || r == '\u2029':
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Label says in few characters what an event is: the step's number, then the request line, the status, or the name.
func Label(event api.TraceEvent) string {
	label := ""
	if event.Step != 0 {
		label = number(uint64(event.Step)) + " "
	}
	switch {
	case IsRequest(event):
		return label + event.Message.Method + " " + event.Message.Route
	case IsResponse(event):
		return strings.TrimRight(label+number(uint64(event.Message.Status))+" "+Phrase(event.Message.Status), " ")
	default:
		return label + strings.ReplaceAll(string(event.Name), "_", " ")
	}
}
