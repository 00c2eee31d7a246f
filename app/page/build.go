package page

import (
	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// Build is the screen for those who build on the BFF. It is the same for everybody and asks for no session.
type Build struct {
	goapp.Compo
	visit
	copying

	status string
}

// NewBuild returns the screen.
func NewBuild(world World) *Build {
	build := &Build{visit: visit{World: world}}
	build.say = func(status string) { build.status = status }
	return build
}

// OnMount names the screen.
func (b *Build) OnMount(ctx goapp.Context) {
	b.screen = ctx
	b.Browser.Enter(text.Say.BuildTitle + text.Say.TitleEnd)
}

// Render draws the screen.
func (b *Build) Render() goapp.UI {
	copier := b.copier(&b.copying)
	return component.Shell(component.PathBuild, nil, goapp.Div().Class("wide").Body(
		component.Announcement(b.status),
		component.BuildHeading(),
		component.ClientCode(copier),
		component.Answers(b.Facts.Files),
		component.Configurations(copier),
	))
}
