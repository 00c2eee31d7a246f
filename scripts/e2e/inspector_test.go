//go:build e2e

package e2e

import (
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"

	"cloakroom/app/component"
	"cloakroom/app/text"
)

// choose puts a file into a field, as the browser's own dialog does.
func (b *browser) choose(id, path string) {
	b.t.Helper()
	absolute, err := filepath.Abs(path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.see(id, "")
	field := send(b, runtime.Evaluate, runtime.EvaluateParams{Expression: `document.getElementById("` + id + `")`})
	send(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{absolute}, ObjectID: field.Result.ObjectID})
}

func TestSavedTraceOpensSignedOut(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/inspector")
	running(b)
	b.see("status", text.StatusSignedOut)
	b.looks("visitor")
	b.choose(component.IDOpenFile, "../../app/trace/testdata/session.json")
	b.see(component.IDStream, text.TraceFile)
	b.looks("file")
	b.click("message-flow1-15")
	b.see("steps", text.DetailNoSig)
	b.click("seat-script")
	b.looks("script")
	b.click("seat-network")
	b.click("density-presenter")
	b.looks("network")
}
