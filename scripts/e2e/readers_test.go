//go:build e2e

package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/runtime"

	"cloakroom/app/trace"
	"cloakroom/bff/api"
	"cloakroom/scripts/interop"
)

// readersFolder has the pinned programs that others read such files with; npm ci installs exactly what its lockfile says.
const readersFolder = "../readers"

func installReaders(t *testing.T) {
	t.Helper()
	if err := interop.Install(context.Background(), readersFolder, os.Stderr); err != nil {
		t.Fatal(err)
	}
}

// exported is the recorded sign-in, once more with a route that tries to be more than text.
func exported(t *testing.T) []api.TraceEvent {
	t.Helper()
	content, err := os.ReadFile(recorded)
	if err != nil {
		t.Fatal(err)
	}
	file, err := trace.Read(content)
	if err != nil {
		t.Fatal(err)
	}
	const evil = `/a'b"; end %%{init}%% <script>alert(1)</script> #quot; #9829; & {x} $(y) -->>Z: Note`
	for at := range 2 {
		hostile := file.Events[slices.IndexFunc(file.Events, trace.IsRequest)]
		hostile.ID, hostile.Flow = uint64(1000+at), "hostile"
		message := *hostile.Message
		message.Route, hostile.Message = evil, &message
		file.Events = append(file.Events, hostile)
	}
	return trace.Once(file.Events)
}

func TestMermaidDrawsTheDiagramAsItIsMeant(t *testing.T) {
	installReaders(t)
	source, err := os.ReadFile(filepath.Join(readersFolder, "node_modules", "mermaid", "dist", "mermaid.min.js"))
	if err != nil {
		t.Fatal(err)
	}
	events := exported(t)
	names := map[api.Party]string{api.PartyBrowser: "Browser", api.PartyBFF: "BFF", api.PartyAuthorizationServer: "Authorization server; end", api.PartyAPI: "API"}
	b := open(t)
	b.visit("about:blank")
	send(b, runtime.Evaluate, runtime.EvaluateParams{Expression: string(source) + "\n;undefined"})
	diagram := trace.Mermaid(events, names)
	drawn := mermaid(b, diagram)
	var want []string
	for _, event := range events {
		want = append(want, trace.Label(event))
	}
	slices.Sort(want)
	slices.Sort(drawn.Texts)
	if !slices.Equal(drawn.Texts, want) {
		t.Errorf("drawn %q\nand not %q", drawn.Texts, want)
	}
	for party, name := range names {
		if !slices.Contains(drawn.Lanes, name) {
			t.Errorf("there is no lane %s of the %s", name, party)
		}
	}
	// The control: a diagram that is not one is an error.
	if broken := mermaid(b, diagram+"  F->>\n"); broken.Error == "" {
		t.Errorf("an arrow to nowhere was drawn: %q", broken.Texts)
	}
}

// drawing is what Mermaid made of a diagram.
type drawing struct {
	Error        string
	Texts, Lanes []string
}

func mermaid(b *browser, diagram string) drawing {
	b.t.Helper()
	text, err := json.Marshal(diagram)
	if err != nil {
		b.t.Fatal(err)
	}
	answer := send(b, runtime.Evaluate, runtime.EvaluateParams{AwaitPromise: new(true), ReturnByValue: new(true), Expression: fmt.Sprintf(`(async () => {
		mermaid.initialize({startOnLoad: false});
		try {
			document.body.innerHTML = (await mermaid.render("drawn", %s)).svg;
		} catch (error) {
			return {Error: String(error)};
		}
		const texts = (kind) => [...document.querySelectorAll(kind)].map((e) => e.textContent);
		return {Texts: texts(".messageText, .noteText"), Lanes: texts("text.actor-box")};
	})()`, text)})
	var drawn drawing
	if err := json.Unmarshal(answer.Result.Value, &drawn); err != nil {
		b.fail("mermaid answered %s: %v", answer.Result.Value, err)
	}
	return drawn
}

func TestArchiveIsOneToWhoeverValidatesArchives(t *testing.T) {
	installReaders(t)
	archive, err := trace.HAR(exported(t), "cloakroom", "a comment")
	if err != nil {
		t.Fatal(err)
	}
	validate := func(content []byte) (string, error) {
		command := exec.CommandContext(t.Context(), "node", "-e", `require("har-validator").har(JSON.parse(require("fs").readFileSync(0, "utf8")))
			.then((har) => console.log(har.log.entries.length), (error) => { console.log(JSON.stringify(error.errors)); process.exit(1) })`)
		command.Dir, command.Stdin = readersFolder, bytes.NewReader(content)
		output, err := command.CombinedOutput()
		return strings.TrimSpace(string(output)), err
	}
	requests := 0
	for _, event := range exported(t) {
		if trace.IsRequest(event) {
			requests++
		}
	}
	if said, err := validate(archive); err != nil || said != strconv.Itoa(requests) {
		t.Errorf("%d requests: %s, %v", requests, said, err)
	}
	// The control: an archive without one of its parts is refused.
	if said, err := validate(bytes.Replace(archive, []byte(`"startedDateTime"`), []byte(`"started"`), 1)); err == nil || !strings.Contains(said, "startedDateTime") {
		t.Errorf("it was taken: %s", said)
	}
}
