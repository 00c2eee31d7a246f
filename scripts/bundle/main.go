// Command bundle builds what the page loads: the WebAssembly program, Go's loader for it, and the hand-written files of
// web/, each under a name with the hash of its content in it, compressed with brotli and gzip. It writes web/built and
// the manifest that app.Page reads. Run it with `make bundle`, at the top of the module.
//
// What did not change is not compressed again. The best brotli takes most of a minute for the program; -fast gives a
// bundle that is an eighth larger in seconds, and leaves a better one alone when it is there.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/andybalholm/brotli"

	"cloakroom/app/shell"
)

const (
	web     = "web"
	program = "./app/cmd/app"

	fastQuality = 9 // of brotli
)

// types are the media types of what is bundled, by extension.
var types = map[string]string{
	".wasm": "application/wasm",
	".js":   "text/javascript; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".svg":  "image/svg+xml",
	".png":  "image/png",
}

func main() {
	job := job{quality: brotli.BestCompression}
	fast := flag.Bool("fast", false, "compress with brotli 9 instead of 11")
	flag.BoolVar(&job.plain, "plain", false, "for work on the page: do not compress at all, and compile faster")
	flag.StringVar(&job.out, "out", web, "the folder to write built into")
	flag.StringVar(&job.wasm, "wasm", filepath.Join(web, shell.FileWASM), "where to compile the program to")
	flag.BoolVar(&job.whole, "whole", false, "link go-app as it is, with the parts that only a server needs")
	flag.Parse()
	if *fast {
		job.quality = fastQuality
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, job); err != nil {
		fmt.Fprintln(os.Stderr, "bundle:", err)
		os.Exit(1)
	}
}

// job is what is asked for.
type job struct {
	quality   int
	plain     bool
	whole     bool
	out, wasm string
}

func run(ctx context.Context, job job) error {
	if _, err := os.Stat("go.mod"); err != nil {
		return fmt.Errorf("run this at the top of the module: %w", err)
	}
	began := time.Now()
	built := filepath.Join(job.out, shell.BuiltFolder)
	if err := os.MkdirAll(built, 0o755); err != nil {
		return err
	}
	contents, err := gather(ctx, job)
	if err != nil {
		return err
	}
	compiled := time.Since(began)
	manifest, fresh, err := packAll(packer{built, job.quality, job.plain, previousManifest(built)}, contents)
	if err != nil {
		return err
	}
	if err := writeManifest(built, manifest); err != nil {
		return err
	}
	if err := sweep(built, manifest); err != nil {
		return err
	}
	report(manifest, fresh)
	fmt.Printf("compiled in %.1f s, compressed in %.1f s\n", compiled.Seconds(), (time.Since(began) - compiled).Seconds())
	return nil
}

// previousManifest describes the bundle that is there; the zero value when there is none that can be read.
func previousManifest(built string) (manifest shell.Manifest) {
	encoded, err := os.ReadFile(filepath.Join(built, shell.ManifestName))
	if err != nil || json.Unmarshal(encoded, &manifest) != nil {
		return shell.Manifest{}
	}
	return manifest
}

// packAll writes all files at once: brotli and gzip of the program are the long ones, the rest fits beside them.
func packAll(p packer, contents map[string][]byte) (shell.Manifest, map[string]bool, error) {
	var (
		mutex    sync.Mutex
		group    sync.WaitGroup
		failures []error
		manifest = shell.Manifest{Files: map[string]shell.File{}}
		fresh    = map[string]bool{}
	)
	for name, content := range contents {
		group.Go(func() {
			file, isFresh, err := p.pack(name, content)
			mutex.Lock()
			defer mutex.Unlock()
			if err != nil {
				failures = append(failures, fmt.Errorf("pack %s: %w", name, err))
			}
			manifest.Files[name], fresh[name] = file, isFresh
		})
	}
	group.Wait()
	if len(failures) > 0 {
		return manifest, nil, failures[0]
	}
	return manifest, fresh, nil
}

func writeManifest(built string, manifest shell.Manifest) error {
	encoded, err := json.MarshalIndent(manifest, "", "  ")
	if err != nil {
		return err
	}
	return replace(filepath.Join(built, shell.ManifestName), append(encoded, '\n'))
}

// sweep removes what earlier bundles left. Hidden files are git's. The hidden file stays: package web embeds the folder, so it has to exist.
func sweep(built string, manifest shell.Manifest) error {
	keep := []string{shell.ManifestName}
	for _, file := range manifest.Files {
		keep = append(keep, file.Path)
		if file.Brotli > 0 {
			keep = append(keep, file.Path+shell.Suffix["br"])
		}
		if file.Gzip > 0 {
			keep = append(keep, file.Path+shell.Suffix["gzip"])
		}
	}
	entries, err := os.ReadDir(built)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if slices.Contains(keep, entry.Name()) || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if err := os.Remove(filepath.Join(built, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}

func report(manifest shell.Manifest, fresh map[string]bool) {
	names := make([]string, 0, len(manifest.Files))
	for name := range manifest.Files {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return manifest.Files[b].Size - manifest.Files[a].Size })
	fmt.Printf("%-14s %10s %10s %10s\n", "file", "raw", "brotli", "gzip")
	for _, name := range names {
		file := manifest.Files[name]
		note := ""
		if !fresh[name] {
			note = "  unchanged"
		}
		fmt.Println(strings.TrimRight(fmt.Sprintf("%-14s %10s %10s %10s%s",
			name, count(file.Size), count(file.Brotli), count(file.Gzip), note), " "))
	}
}

func count(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}
