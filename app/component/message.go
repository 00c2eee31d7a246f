package component

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// messageDetail is all that is known about one message.
func messageDetail(view Inspection, event api.TraceEvent) goapp.UI {
	explained := text.Say.Explain(event.Name)
	if view.View.Density == state.Plain {
		return goapp.Div().Class("detail").Body(
			goapp.P().Class("detail-why").Text(explained.Why),
			checkList(view, event),
		)
	}
	return goapp.Div().Class("detail").Body(
		goapp.P().Class("detail-why").Text(explained.Why),
		goapp.Dl().Class("facts", "detail-facts").Body(
			factRow(text.Say.DetailSpec, explained.Spec),
			factRow(text.Say.ToldBy, text.Say.Parties[event.Emitter]),
		),
		checkList(view, event),
		wire(trace.As(view.View.Seat, event)),
		valueTable(view, event),
		tokens(view, trace.As(view.View.Seat, event)),
	)
}

func factRow(name, value string) goapp.UI {
	return when(value != "", func() goapp.UI {
		return goapp.Div().Class("fact").Body(goapp.Dt().Text(name), goapp.Dd().Text(value))
	})
}

func checkList(view Inspection, event api.TraceEvent) goapp.UI {
	if len(event.Checks) == 0 {
		return nil
	}
	if !trace.SeesChecks(view.View.Seat, event) {
		return goapp.Div().Class("detail-part").Body(
			goapp.H4().Text(text.Say.DetailChecks),
			goapp.P().Class("locked").Text(text.Say.Locks[string(trace.LockInside)]),
		)
	}
	rows := make([]goapp.UI, len(event.Checks))
	for i, check := range event.Checks {
		sign, says, class := "✓", text.Say.DetailChecked, "check"
		if !check.OK {
			sign, says, class = "✗", text.Say.DetailRefused, "check check-failed"
		}
		rows[i] = goapp.Li().Class(class).Body(
			goapp.Span().Class("check-sign").Aria("hidden", "true").Text(sign),
			goapp.Span().Class("check-name").Text(check.Name),
			goapp.Span().Class("check-says").Text(says),
			goapp.Span().Class("check-spec").Text(check.Spec),
		)
	}
	return goapp.Div().Class("detail-part").Body(
		goapp.H4().Text(text.Say.DetailChecks),
		goapp.Ul().Class("check-list").Body(rows...),
	)
}

// wire is the message as it goes over the wire.
func wire(event api.TraceEvent) goapp.UI {
	if event.Message == nil {
		return nil
	}
	return goapp.Div().Class("detail-part", "wire").Body(
		goapp.H4().Text(text.Say.DetailHTTP),
		goapp.Div().Class("code").Body(
			goapp.Pre().TabIndex(0).Role("region").Aria("label", text.Say.DetailHTTP).Body(goapp.Code().Text(trace.HTTP(event))),
		),
	)
}

func valueTable(view Inspection, event api.TraceEvent) goapp.UI {
	if event.Message == nil || len(event.Message.Values) == 0 && event.Message.Dropped == 0 {
		return nil
	}
	rows := make([]goapp.UI, 0, len(event.Message.Values))
	for _, value := range event.Message.Values {
		rows = append(rows, goapp.Tr().Body(
			goapp.Th().Scope("row").Body(goapp.Code().Text(value.Name)),
			goapp.Td().Text(text.Say.Where[value.In]),
			goapp.Td().Body(valueCell(view, value)),
		))
	}
	return goapp.Div().Class("detail-part").Body(
		goapp.H4().Text(text.Say.DetailValues),
		when(len(rows) > 0, func() goapp.UI {
			return goapp.Table().Class("values").Body(
				goapp.THead().Body(goapp.Tr().Body(column(text.Say.ValueName), column(text.Say.ValueWhere), column(text.Say.ValueSays))),
				goapp.TBody().Body(rows...),
			)
		}),
		when(event.Message.Dropped > 0, func() goapp.UI {
			return goapp.P().Class("quiet").Text(strconv.Itoa(event.Message.Dropped) + text.Say.DetailDropped)
		}),
	)
}

// valueCell is what may be shown of a value: itself, or the chip that stands for it.
func valueCell(view Inspection, value api.TraceValue) goapp.UI {
	switch {
	case !trace.SeesValue(view.View.Seat, value):
		return goapp.Span().Class("locked").Text(text.Say.ValueLocked)
	case value.Value != "" && value.Ref == "":
		return goapp.Code().Class("value").Text(value.Value)
	case value.Ref != "":
		return goapp.Span().Class("value-hidden").Body(
			when(value.Value != "", func() goapp.UI { return goapp.Code().Class("value").Text(value.Value) }),
			chip(view, value.Ref),
			when(value.Length > 0, func() goapp.UI {
				return goapp.Span().Class("quiet").Text(strconv.Itoa(value.Length) + text.Say.Bytes)
			}),
		)
	case value.Length > 0:
		return goapp.Span().Class("quiet").Text(text.Say.ValueHidden + ", " + strconv.Itoa(value.Length) + text.Say.Bytes)
	default:
		return goapp.Span().Class("quiet").Text(text.Say.ValueEmpty)
	}
}

// tokens are the JWTs of a message, decoded.
func tokens(view Inspection, event api.TraceEvent) goapp.UI {
	if event.Message == nil {
		return nil
	}
	var parts []goapp.UI
	for _, value := range event.Message.Values {
		if value.Token == nil {
			continue
		}
		parts = append(parts, goapp.Div().Class("detail-part").Body(
			goapp.H4().Text(text.Say.DetailToken+value.Name),
			claims(view, text.Say.DetailHeader, value.Token.Header),
			claims(view, text.Say.DetailClaims, value.Token.Claims),
			when(value.Token.Dropped > 0, func() goapp.UI {
				return goapp.P().Class("quiet").Text(strconv.Itoa(value.Token.Dropped) + text.Say.DetailDropped)
			}),
			goapp.P().Class("quiet").Text(text.Say.DetailNoSig),
		))
	}
	if len(parts) == 0 {
		return nil
	}
	return goapp.Div().Class("tokens").Body(parts...)
}

func claims(view Inspection, title string, members map[string]any) goapp.UI {
	if len(members) == 0 {
		return nil
	}
	rows := make([]goapp.UI, 0, len(members))
	for _, name := range trace.Names(members) {
		says := goapp.UI(goapp.Code().Class("value").Text(trace.Claim(members[name])))
		if ref, ok := trace.ClaimRef(members[name]); ok {
			says = chip(view, ref)
		}
		rows = append(rows, goapp.Div().Class("fact").Body(goapp.Dt().Body(goapp.Code().Text(name)), goapp.Dd().Body(says)))
	}
	return goapp.Div().Class("claims").Body(
		goapp.Elem("h5").Text(title),
		goapp.Dl().Class("facts", "facts-code").Body(rows...),
	)
}
