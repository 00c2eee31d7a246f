//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	cdpbrowser "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/runtime"

	"cloakroom/app/component"
	"cloakroom/app/text"
	"cloakroom/app/trace"
	"cloakroom/bff/api"
)

// recorded is a trace that was kept.
const recorded = "../../app/trace/testdata/session.json"

// choose puts a file into a field, as the browser's own dialog does.
func (b *browser) choose(id, path string) {
	b.t.Helper()
	absolute, err := filepath.Abs(path)
	if err != nil {
		b.t.Fatal(err)
	}
	b.see(id, "")
	field := send(b, runtime.Evaluate, runtime.EvaluateParams{Expression: fmt.Sprintf(`document.getElementById(%q)`, id)})
	send(b, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{absolute}, ObjectID: field.Result.ObjectID})
}

// downloads has the browser save files without asking, and returns the folder.
func (b *browser) downloads() string {
	b.t.Helper()
	folder := b.t.TempDir()
	send(b, cdpbrowser.SetDownloadBehavior, cdpbrowser.SetDownloadBehaviorParams{Behavior: cdpbrowser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder})
	return folder
}

// saved waits for a file to be there whole.
func saved(t *testing.T, folder, name string) []byte {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		content, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil && len(content) > 0 {
			return content
		}
		if time.Now().After(deadline) {
			t.Fatalf("no file %s: %v", name, err)
		}
	}
}

func TestTraceIsKeptAndOpensAgainOffline(t *testing.T) {
	p := start(t)
	b := open(t)
	enter(b, p)
	openInspector(b, p)
	b.flow(api.FlowSignIn)
	b.stamped(10)
	folder := b.downloads()
	b.click("export-json")
	b.see(component.IDStatus, text.Say.StatusSaved)
	file, err := trace.Read(saved(t, folder, "cloakroom-trace.json"))
	if err != nil || len(file.Events) < 20 {
		t.Fatalf("%d events, %v", len(file.Events), err)
	}
	for form, want := range map[string]struct{ name, has string }{
		"har": {"cloakroom.har", `"version": "1.2"`}, "mermaid": {"cloakroom.mmd", "sequenceDiagram"}, "curl": {"cloakroom.sh", "$CODE"},
	} {
		b.click("export-" + form)
		if content := saved(t, folder, want.name); !strings.Contains(string(content), want.has) {
			t.Errorf("%s has no %s", want.name, want.has)
		}
	}

	// Signed out, and without a network.
	b.visit(p.origin + "/")
	b.click("sign-out")
	b.arrive(p.origin + "/")
	b.see("status", text.Say.StatusSignedOutOK)
	b.wait("the ticket is torn where the sign-out ends", `!!document.querySelector(".picture-torn")`)
	b.shots("torn")
	b.visit(p.origin + "/inspector")
	running(b)
	b.see("status", text.Say.StatusSignedOut)
	b.looks("visitor")
	p.stop(t) // there is no server any more
	b.choose(component.IDOpenFile, filepath.Join(folder, "cloakroom-trace.json"))
	b.see(component.IDStream, text.Say.TraceFile)
	b.stamped(10)
	b.click(component.IDPlay)
	b.stamped(1)
	b.click(component.IDPlay)
	b.stamped(10)
	b.looks("opened")
	b.click(component.IDCloseFile)
	b.stamped(0)
}

func TestFilesThatAreNoTraceAreRefusedInWords(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.origin + "/inspector")
	running(b)
	b.see("status", text.Say.StatusSignedOut)
	folder := t.TempDir()
	for name, row := range map[string]struct {
		content string
		want    text.Message
	}{
		"text":  {"hello", text.Say.FileNotJSON},
		"json":  {`{"events":[]}`, text.Say.FileNotTrace},
		"large": {strings.Repeat(" ", trace.MaxFile+1), text.Say.FileTooLarge},
		"new":   {`{"cloakroom_trace":9}`, text.Say.FileVersion},
	} {
		path := filepath.Join(folder, name+".json")
		if err := os.WriteFile(path, []byte(row.content), 0o600); err != nil {
			t.Fatal(err)
		}
		b.choose(component.IDOpenFile, path)
		b.see("alert", row.want.Title)
		b.see("alert", row.want.Detail)
	}
	b.looks("refused")
	b.choose(component.IDOpenFile, recorded)
	b.see(component.IDStream, text.Say.TraceFile)
	b.gone("alert")
}
