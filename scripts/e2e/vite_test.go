//go:build e2e

package e2e

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"cloakroom/scripts/interop"
)

// viteFolder has the pinned development server; npm ci installs exactly what its lockfile says.
const viteFolder = "../vite"

// A front end as its team has it, whose module is replaced while the page stays.
var viteApp = map[string]string{
	"index.html": `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Site</title><link rel="icon" href="data:,"></head><body>
<p id="message"></p><p id="session"></p><script type="module" src="/main.js"></script></body></html>`,
	"main.js": `import {message} from "./message.js";
const show = text => { document.getElementById("message").textContent = text; };
show(message);
import.meta.hot.accept("./message.js", fresh => show(fresh.message));
const answer = await fetch("/bff/session", {headers: {"X-BFF-CSRF": "1"}});
document.getElementById("session").textContent = JSON.stringify({source: answer.headers.get("BFF-Source"), ...await answer.json()});
`,
	"message.js": `export const message = "first";` + "\n",
}

// startVite serves the front end until the test ends, and returns its folder and address.
func startVite(t *testing.T, port int) (folder, address string) {
	t.Helper()
	if err := interop.Install(t.Context(), viteFolder, os.Stderr); err != nil {
		t.Fatal(err)
	}
	folder = t.TempDir()
	for name, text := range viteApp {
		write(t, filepath.Join(folder, name), text)
	}
	log := new(lockedBuffer)
	program, err := filepath.Abs(filepath.Join(viteFolder, "node_modules", "vite", "bin", "vite.js"))
	if err != nil {
		t.Fatal(err)
	}
	vite := exec.Command("node", program, folder, "--host", "127.0.0.1", "--port", fmt.Sprint(port), "--strictPort", "--clearScreen", "false")
	vite.Dir, vite.Stdout, vite.Stderr = folder, log, log
	if err := vite.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = vite.Process.Signal(syscall.SIGTERM)
		_ = vite.Wait()
		if t.Failed() {
			t.Logf("vite: %s", log.String())
		}
	})
	address = fmt.Sprintf("http://127.0.0.1:%d", port)
	answers(t, address+"/main.js")
	return folder, address
}

// sockets notes which hosts the page opens WebSockets to.
type sockets struct {
	mu    sync.Mutex
	hosts []string
}

func (s *sockets) note(event any) {
	if opened, ok := event.(*network.EventWebSocketCreated); ok {
		s.mu.Lock()
		defer s.mu.Unlock()
		target, _ := url.Parse(opened.URL)
		s.hosts = append(s.hosts, target.Host)
	}
}

// A team develops its front end behind the real BFF: one origin, its session, and hot reload.
func TestViteServesThePageBehindTheBFFAndReplacesModulesWhileItStays(t *testing.T) {
	ports := freePorts(t, 7)
	origin := fmt.Sprintf("http://localhost:%d", ports[0])
	folder := configure(t, ports)
	files, frontend := startVite(t, ports[6])
	runProgram(t, "authserver", filepath.Join(folder, "authserver.yaml"), listening("AUTHSERVER", ports[1], ports[4])...)
	answers(t, fmt.Sprintf("http://localhost:%d/readyz", ports[4]))
	runCommand(t, "bff", []string{"dev", "--config", filepath.Join(folder, "bff.yaml"), "--frontend", frontend}, listening("BFF", ports[0], ports[3])...)
	answers(t, fmt.Sprintf("http://localhost:%d/readyz", ports[3]))

	b, opened := open(t), &sockets{}
	if err := chromedp.Listen(b.ctx, opened.note); err != nil {
		t.Fatal(err)
	}
	b.visit(origin + "/bff/login?returnUrl=/inbox&provider=baseline")
	b.fill("username", "alice")
	b.fill("password", "wonderland")
	b.click("login")
	b.consent(origin)
	b.arrive(origin + "/inbox")
	b.see("message", "first")
	b.see("session", `"source":"bff"`)
	b.see("session", `"authenticated":true`)
	evaluate[bool](b, `window.draft = "unsaved"; true`)
	for _, text := range []string{"second", "third"} {
		if err := os.WriteFile(filepath.Join(files, "message.js"), []byte(`export const message = "`+text+`";`+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		b.see("message", text)
		if got := evaluate[string](b, `String(window.draft)`); got != "unsaved" {
			t.Errorf("the page was loaded again: %s", got)
		}
	}
	opened.mu.Lock()
	defer opened.mu.Unlock()
	if own := strings.TrimPrefix(origin, "http://"); len(opened.hosts) == 0 || slices.ContainsFunc(opened.hosts, func(host string) bool { return host != own }) {
		t.Errorf("WebSockets to %q, want %s only", opened.hosts, own)
	}
}

// consent says yes where the user is asked.
func (b *browser) consent(origin string) {
	b.t.Helper()
	b.wait("asked for consent, or back", fmt.Sprintf(`!!document.getElementById("consent_allow") || location.href.startsWith(%q)`, origin))
	if evaluate[bool](b, `!!document.getElementById("consent_allow")`) {
		b.click("consent_allow")
	}
}
