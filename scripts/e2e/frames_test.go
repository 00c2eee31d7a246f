//go:build e2e

package e2e

import (
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
)

// A page of another origin that frames ours, invisible over a button of its own, gets nothing (RFC 9700 §4.16).
func TestPagesOfTheAuthorizationServerCannotBeFramed(t *testing.T) {
	p := start(t)
	b := open(t)
	b.visit(p.issuer + "/account")
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.arrive(p.issuer + "/account")

	evil := listen(t)
	origin := "http://localhost:" + portOf(evil)
	serve(t, evil, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if r.URL.Path == "/control" {
			_, _ = io.WriteString(w, `<!DOCTYPE html><title>c</title><main>a page that may be framed</main>`)
			return
		}
		_, _ = fmt.Fprintf(w, `<!DOCTYPE html><title>prize</title><link rel="icon" href="data:,"><iframe id="frame" src=%q></iframe>`, r.URL.Query().Get("of"))
	}))
	for path, refused := range map[string]bool{
		origin + "/control": false, p.issuer + "/account/devices": true, p.issuer + "/oauth2/logout": true,
	} {
		b.visit(origin + "/?of=" + path)
		var frame *cdp.Frame
		for deadline := time.Now().Add(patience); frame == nil && time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			tree := send(b, page.GetFrameTree, cdp.Empty{}).FrameTree
			if len(tree.ChildFrames) == 1 && (tree.ChildFrames[0].Frame.UnreachableURL == path || tree.ChildFrames[0].Frame.URL == path) {
				frame = tree.ChildFrames[0].Frame
			}
		}
		switch {
		case frame == nil:
			t.Fatalf("%s: there is no frame", path)
		case (frame.UnreachableURL != "") != refused:
			t.Errorf("%s: the frame has %s, refused %q", path, frame.URL, frame.UnreachableURL)
		}
		b.forgive("frame")
	}
}
