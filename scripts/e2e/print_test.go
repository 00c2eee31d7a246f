//go:build e2e

package e2e

import (
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/bff/api"
)

// cutOff are the elements that have more to show than there is room for.
const cutOff = `[...document.querySelectorAll(%q)].filter((e) => e.scrollWidth > e.clientWidth + 1 || e.scrollHeight > e.clientHeight + 1).map((e) => e.className + " " + e.textContent.slice(0, 40)).join("; ")`

func TestPaperHasAllThatAScreenScrollsTo(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	send(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: 700, Height: 900, DeviceScaleFactor: 1})
	for screen, parts := range map[string]string{"/session": ".code pre", "/build": ".code pre", "/inspector": ".diagram, .flow-list"} {
		b.visit(p.origin + screen)
		running(b)
		b.wait("its parts are there", fmt.Sprintf(`document.querySelector(%q) !== null`, parts))
		if screen == "/session" && evaluate[string](b, fmt.Sprintf(cutOff, parts)) == "" {
			t.Error("the control: the screen scrolls nothing")
		}
		send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
		if cut := evaluate[string](b, fmt.Sprintf(cutOff, parts)); cut != "" {
			t.Errorf("%s: cut off on paper: %s", screen, cut)
		}
		b.shot("paper-" + screen[1:])
		send(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{})
	}
	send(b, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
}

func TestWordsOfTheDiagramAreInsideOfTheirBoxes(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.flow(api.FlowAPICall)
	b.click(component.IDWatchCall)
	b.see(component.IDStatus, text.Say.Called)
	const out = `(() => {
		const picture = document.querySelector(".sequence").getBoundingClientRect()
		const notes = [...document.querySelectorAll(".arrow-note")]
		if (notes.length === 0) return "there is none"
		return notes.filter((box) => {
			const b = box.getBoundingClientRect(), t = box.nextElementSibling.getBoundingClientRect()
			return t.left < b.left || t.right > b.right || b.left < picture.left || b.right > picture.right
		}).map((box) => box.nextElementSibling.textContent).join("; ")
	})()`
	b.wait("the API has told of its checks", `document.querySelectorAll(".arrow-note").length > 0`)
	if words := evaluate[string](b, out); words != "" {
		t.Errorf("not inside: %s", words)
	}
	b.shot("call")
	b.flow(api.FlowSignIn)
	if words := evaluate[string](b, out); words != "" {
		t.Errorf("not inside: %s", words)
	}
}
