package main

import (
	"bytes"
	"maps"
	"strings"
	"testing"

	"cloakroom/app/shell"
)

// module is a WebAssembly module with one import and two functions of 2 and 3 bytes.
func module(names string) []byte {
	section := func(kind byte, content string) string { return string([]byte{kind, byte(len(content))}) + content }
	return []byte("\x00asm\x01\x00\x00\x00" +
		section(sectionImport, "\x01\x02go\x05sleep\x00\x00") +
		section(sectionCode, "\x02"+"\x02\x00\x0b"+"\x03\x00\x01\x0b") +
		section(sectionCustom, "\x04name"+section(nameFunctions, names)))
}

const twoNames = "\x02" + "\x01\x0ba_b.__T_.M1" + "\x02\x07main.go"

func TestCodeIsWeighedByPackage(t *testing.T) {
	content := module(twoNames)
	got, err := weigh(content)
	if err != nil {
		t.Fatal(err)
	}
	if want := (map[string]int{"a_b": 2, "main": 3, dataAndRest: len(content) - 5}); !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDamagedModuleIsAnError(t *testing.T) {
	whole := module(twoNames)
	for length := range whole {
		if _, err := weigh(whole[:length]); err == nil {
			t.Errorf("%d of %d bytes are accepted", length, len(whole))
		}
	}
}

func TestPackageIsFoundInAName(t *testing.T) {
	for name, want := range map[string]string{
		"runtime.mallocgc":                            "runtime",
		"github.com_a_b_v10_pkg_app.__T_.M.func1":     "github.com_a_b_v10_pkg_app",
		"golang.org_x_net_html.Parse":                 "golang.org_x_net_html",
		"slices.SortFunc[go.shape.[]example.org/x.T]": "slices",
		"cloakroom_app_page.__Home_.Render":           "cloakroom_app_page",
		"type_.eq.runtime.g":                          "(equality and hashes of types)",
		"wasm_pc_f_loop":                              "(runtime stubs)",
	} {
		if got := packageOf(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}

func TestTableNamesWhatGrew(t *testing.T) {
	before := weights{Packages: map[string]int{"a": 1000, "b": 5000, "gone": 9000, "same": 70}}
	now := weights{Packages: map[string]int{"a": 4000, "b": 1000, "new": 2000, "same": 71}}
	var out bytes.Buffer
	printGrowth(&out, before, now)
	_, changes, _ := strings.Cut(out.String(), "the growth first:\n")
	var order []string
	for line := range strings.Lines(changes) {
		order = append(order, strings.Fields(line)[0]+strings.Fields(line)[2])
	}
	if got := strings.Join(order, " "); got != "a+3,000 new+2,000 b-4,000 gone-9,000" {
		t.Errorf("got %s", got)
	}
}

func TestProgramOverItsBudgetFailsAndNamesWhatGrew(t *testing.T) {
	heavy := func(size int, packages map[string]int) weights {
		return weights{Files: map[string]weight{shell.FileWASM: {Raw: 4 * size, Brotli: size, Gzip: 2 * size}}, Packages: packages}
	}
	before := heavy(budget-1000, map[string]int{"a": 1000, "b": 1000, "c": 1000, "d": 1000})
	var out bytes.Buffer
	err := judge(&out, before, heavy(budget+1, map[string]int{"a": 1000, "b": 9000, "c": 3000, "d": 500, "new": 40_000}))
	if err == nil || !strings.HasSuffix(err.Error(), "what grew most since the baseline: new +40,000, b +8,000, c +2,000") {
		t.Errorf("the error is %v", err)
	}
	if err == nil || !strings.Contains(err.Error(), "1 over its budget of 1,700,000") || !strings.Contains(out.String(), "new") {
		t.Errorf("the error is %v, and the table\n%s", err, out.String())
	}
	if err := judge(&out, before, heavy(budget+1, before.Packages)); err == nil || !strings.HasSuffix(err.Error(), "no package") {
		t.Errorf("the error is %v", err)
	}
	// The control: at its budget it is accepted.
	if err := judge(&out, before, heavy(budget, map[string]int{"new": 40_000})); err != nil {
		t.Error(err)
	}
}
