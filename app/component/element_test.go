package component_test

import (
	"testing"

	goapp "github.com/maxence-charriere/go-app/v10/pkg/app"
)

// changing draws one kind of element and then another in its place.
type changing struct {
	goapp.Compo
	screen  goapp.Context
	changed bool
}

func (c *changing) OnPreRender(screen goapp.Context) { c.screen = screen }

func (c *changing) Render() goapp.UI {
	if c.changed {
		return goapp.Main().Body(goapp.A().Href("/").Text("after"))
	}
	return goapp.Main().Body(goapp.Span().Title("gone").Text("before"))
}

// The screens count on it, with go-app as it is and with the copy that scripts/trim makes, whose elements are of one type.
func TestElementThatTakesAnothersPlaceIsNew(t *testing.T) {
	engine, root := goapp.NewTestEngine(), &changing{}
	if err := engine.Load(root); err != nil {
		t.Fatal(err)
	}
	engine.ConsumeAll()
	stands := func(is goapp.UI) error {
		return goapp.TestMatch(root, goapp.TestUIDescriptor{Path: []int{0, 0}, Expected: is})
	}
	if err := stands(goapp.Span().Title("gone")); err != nil {
		t.Error(err)
	}
	root.screen.Dispatch(func(goapp.Context) { root.changed = true })
	engine.ConsumeAll()
	if err := stands(goapp.A().Href("/")); err != nil {
		t.Error(err)
	}
}
