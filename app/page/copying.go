package page

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// copying is what a screen with code to copy does.
type copying struct {
	copied string
	say    func(status string) // in the polite live region
}

// copier hands the screen's copying to its components.
func (v *visit) copier(c *copying) component.Copier {
	return component.Copier{Done: c.copied, Copy: func(name, content string) goapp.EventHandler {
		return func(goapp.Context, goapp.Event) {
			v.Browser.Copy(content, func(copied bool) {
				dispatched(v.screen, func() {
					c.copied = ""
					if !copied {
						c.say(text.Say.CopyFailed)
						return
					}
					c.copied = name
					c.say(text.Say.Copied)
				})
			})
		}
	}}
}
