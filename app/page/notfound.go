package page

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// NotFound is the screen for an address that does not exist.
type NotFound struct {
	goapp.Compo
}

// NewNotFound returns the screen.
func NewNotFound() *NotFound { return &NotFound{} }

// Render says so, and leads back.
func (*NotFound) Render() goapp.UI {
	return component.Shell("", nil, goapp.Section().Class("column", "lost").Body(
		goapp.H1().Class("display", "display-small").Text(text.Say.NotFound.Title),
		goapp.P().Class("lede").Text(text.Say.NotFound.Detail),
		goapp.Div().Class("actions").Body(
			goapp.A().Class("button").Href("/").Text(text.Say.NotFoundBack),
		),
	))
}
