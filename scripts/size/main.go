// Command size prints what the page weighs, file by file, and what each package adds to the program. It fails when the
// program is over its budget, and names what grew since the baseline, a committed file. Run it with `make size`;
// `go run ./scripts/size -update` makes the present the new baseline.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/andybalholm/brotli"

	"cloakroom/app/shell"
)

// budget is the greatest size of the program on the wire, in bytes, compressed with brotli 11.
const budget = 1_700_000

const (
	manifestPath = "web/built/manifest.json"
	baselinePath = "scripts/size/baseline.json"
	program      = "./app/cmd/app"
)

// weights are what is compared: the files of the bundle, and the code of the program by package, in bytes.
type weights struct {
	Files    map[string]weight `json:"files"`
	Packages map[string]int    `json:"packages"` // code before compression; "(data)" is everything that is no code
}

type weight struct {
	Raw    int `json:"raw"`
	Brotli int `json:"brotli"`
	Gzip   int `json:"gzip"`
}

func main() {
	update := flag.Bool("update", false, "write the baseline")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *update, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "size:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, update bool, out io.Writer) error {
	var manifest shell.Manifest
	if err := readJSON(manifestPath, &manifest); err != nil {
		return fmt.Errorf("%w; run \"make bundle\"", err)
	}
	if manifest.Files[shell.FileWASM].BrotliQuality < brotli.BestCompression {
		return errors.New("the bundle was made with -fast: run \"make bundle\"")
	}
	now := weights{Files: map[string]weight{}}
	for name, file := range manifest.Files {
		now.Files[name] = weight{file.Size, file.Brotli, file.Gzip}
	}
	var err error
	if now.Packages, err = packages(ctx); err != nil {
		return err
	}
	if update {
		return writeJSON(baselinePath, now)
	}
	var before weights
	if err := readJSON(baselinePath, &before); err != nil {
		return fmt.Errorf("%w; write it with -update", err)
	}
	return judge(out, before, now)
}

// judge prints the tables. A program over its budget is an error that names what grew most.
func judge(out io.Writer, before, now weights) error {
	printFiles(out, before, now)
	printGrowth(out, before, now)
	if got := now.Files[shell.FileWASM].Brotli; got > budget {
		return fmt.Errorf("the program has %s bytes on the wire, %s over its budget of %s; what grew most since the baseline: %s",
			grouped(got), grouped(got-budget), grouped(budget), grewMost(before, now))
	}
	return nil
}

// packages builds the program once more with the names of its functions, and weighs them.
func packages(ctx context.Context) (map[string]int, error) {
	folder, err := os.MkdirTemp("", "size")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	output := filepath.Join(folder, "app.wasm")
	if err := build(ctx, output); err != nil {
		return nil, err
	}
	content, err := os.ReadFile(output)
	if err != nil {
		return nil, err
	}
	return weigh(content)
}

func readJSON(path string, into any) error {
	encoded, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(encoded, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeJSON(path string, value any) error {
	encoded, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(encoded, '\n'), 0o644)
}
