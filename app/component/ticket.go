package component

import (
	"strconv"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/state"
	"cloakroom/app/text"
)

const svgNamespace = "http://www.w3.org/2000/svg"

// specimen is the number on the ticket of the picture while nobody is signed in.
const specimen = 217

// Picture is the product in one picture: the coat behind the counter is the token, the stub in front of it the cookie.
// The number is this session's.
func Picture(visit *state.Visit) goapp.UI {
	number := visit.Ticket
	if number == 0 {
		number = specimen
	}
	label := strconv.Itoa(number)
	figure := goapp.Elem("figure").Class("picture")
	switch {
	case visit.Torn:
		figure = figure.Class("picture-torn")
	case visit.Ticket != 0:
		figure = figure.Class("picture-held")
	}
	return figure.Body(
		shape("svg", "scene", "viewBox", "0 0 480 360", "role", "img", "aria-label", text.Say.FigureLabel).Body(
			wall(),
			coat(label),
			counter(),
			stub(label),
		),
		goapp.Elem("figcaption").Class("captions").Body(
			caption("caption caption-coat", text.Say.CoatCaption, text.Say.CoatDetail),
			caption("caption caption-stub", text.Say.TicketCaption, text.Say.TicketDetail),
		),
	)
}

func caption(class, title, detail string) goapp.UI {
	return goapp.Div().Class(class).Body(
		goapp.Elem("strong").Text(title),
		goapp.Span().Text(detail),
	)
}

// mark is the product's sign: a ticket with a notch on either side.
func mark() goapp.UI {
	return shape("svg", "mark", "viewBox", "0 0 32 32", "aria-hidden", "true").Body(
		path("mark-paper", "M4 8h24v5a3 3 0 0 0 0 6v5H4v-5a3 3 0 0 0 0-6z"),
		path("mark-line", "M20 10v12"),
	)
}

func wall() goapp.UI {
	return shape("g", "wall").Body(
		shape("rect", "wall-back", "x", "24", "y", "16", "width", "432", "height", "260", "rx", "16"),
		path("rail", "M48 58h384"),
		path("hook", hanger(122)), path("ghost", "M122 78c-18 6-34 12-38 22l-8 92h92l-8-92c-4-10-20-16-38-22z"),
		path("hook", hanger(358)), path("ghost", "M358 78c-18 6-34 12-38 22l-8 92h92l-8-92c-4-10-20-16-38-22z"),
	)
}

func hanger(x int) string {
	return "M" + strconv.Itoa(x) + " 78v-8a6 6 0 1 1 6-6"
}

func coat(label string) goapp.UI {
	return shape("g", "coat").Body(
		path("hook", hanger(240)),
		path("coat-back", "M240 76c-26 8-46 14-54 28-10 20-20 62-24 98l22 8 10-42v84h92v-84l10 42 22-8c-4-36-14-78-24-98-8-14-28-20-54-28z"),
		path("coat-lapel", "M240 76l-22 14 22 50 22-50z"),
		path("coat-line", "M240 140v112"),
		shape("circle", "coat-button", "cx", "248", "cy", "164", "r", "3.5"),
		shape("circle", "coat-button", "cx", "248", "cy", "192", "r", "3.5"),
		path("string", "M272 98c20 6 26 18 26 32"),
		shape("g", "tag").Body(
			path("paper", "M280 130h36v34l-18 12-18-12z"),
			number("tag-number", "298", "156", label),
		),
	)
}

func counter() goapp.UI {
	return shape("g", "counter").Body(
		shape("rect", "counter-front", "x", "8", "y", "246", "width", "464", "height", "104", "rx", "10"),
		shape("rect", "counter-top", "x", "0", "y", "232", "width", "480", "height", "22", "rx", "8"),
		path("counter-line", "M124 270v64M240 270v64M356 270v64"),
	)
}

// stub is the ticket: paper with a notch on either side and a perforated edge, along which it is torn.
func stub(label string) goapp.UI {
	return shape("g", "stub").Body(
		shape("g", "stub-head").Body(
			path("stub-shadow", "M118 264h174v80H118v-28a12 12 0 0 0 0-24z"),
			path("paper stub-paper", "M118 258h174v80H118v-28a12 12 0 0 0 0-24z"),
			path("stub-rule", "M146 276h118M146 320h118"),
			number("stub-number", "205", "311", label),
		),
		shape("g", "stub-tail").Body(
			path("stub-shadow", "M292 264h70v28a12 12 0 0 0 0 24v28h-70z"),
			path("paper stub-paper", "M292 258h70v28a12 12 0 0 0 0 24v28h-70z"),
			path("perforation", "M292 265v68"),
			path("stub-seal", "M327 280a18 18 0 1 0 .01 0z"),
			path("stub-tick", "M319 298l6 6 11-12"),
		),
	)
}

func number(class, x, y, label string) goapp.UI {
	return shape("text", class, "x", x, "y", y, "text-anchor", "middle", "aria-hidden", "true").Text(label)
}

func path(class, d string) goapp.UI {
	return shape("path", class, "d", d)
}

// shape is an SVG element with a class and attributes, given as names and values in turn.
func shape(tag, class string, attributes ...string) goapp.HTMLElem {
	element := goapp.Elem(tag).XMLNS(svgNamespace).Attr("class", class)
	for i := 0; i+1 < len(attributes); i += 2 {
		element = element.Attr(attributes[i], attributes[i+1])
	}
	return element
}
