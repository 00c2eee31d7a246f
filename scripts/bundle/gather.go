package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"cloakroom/app/shell"
	"cloakroom/scripts/trim"
)

// sources are the hand-written files of web/.
var sources = []string{
	shell.FileLoader, shell.FileStyle, shell.FileIcon, shell.FileIconSmall, shell.FileIconLarge,
}

// gather compiles the program and reads everything that the bundle is made of, by name.
func gather(ctx context.Context, job job) (map[string][]byte, error) {
	if err := compile(ctx, job); err != nil {
		return nil, err
	}
	loader, err := wasmExec(ctx)
	if err != nil {
		return nil, err
	}
	paths := map[string]string{shell.FileWASM: job.wasm, shell.FileWASMExec: loader}
	for _, name := range sources {
		paths[name] = filepath.Join(web, name)
	}
	contents := map[string][]byte{}
	var failures []error
	for name, path := range paths {
		content, err := os.ReadFile(path)
		contents[name] = content
		failures = append(failures, err)
	}
	return contents, errors.Join(failures...)
}

// compile builds the program for the browser. Without symbols, paths and the commit it is smaller, and the same on every machine and
// for as long as its sources are: a browser that has it does not load it again.
func compile(ctx context.Context, job job) error {
	arguments := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", job.wasm}
	if job.plain {
		// The elements of a screen are chains of small methods: to inline them is half of the compiler's work on it.
		arguments = append(arguments, "-gcflags", "cloakroom/...=-l")
	}
	if !job.whole {
		modfile, err := trim.Prepare(ctx, ".", trim.Cache)
		if err != nil {
			return err
		}
		arguments = append(arguments, "-modfile", modfile)
	}
	build := exec.CommandContext(ctx, "go", append(arguments, program)...)
	build.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	if job.plain && os.Getenv("GOGC") == "" {
		build.Env = append(build.Env, "GOGC=400") // the compiler then takes less time, and more memory
	}
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		return fmt.Errorf("compile %s for js/wasm: %w", program, err)
	}
	return nil
}

// wasmExec is the file that runs a program of this version of Go; it comes with the toolchain that compiled it.
func wasmExec(ctx context.Context) (string, error) {
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", fmt.Errorf("ask for GOROOT: %w", err)
	}
	return filepath.Join(strings.TrimSpace(string(root)), "lib", "wasm", shell.FileWASMExec), nil
}
