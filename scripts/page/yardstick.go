package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// The gates for P17 and P19 are times of a machine on which go-app's hello world took so long, on a first visit and on the next.
// Beside it, as it does on this machine, they hold on any. It shows nothing of what it has to say until it runs.
const (
	yardstickCold = 361 * time.Millisecond
	yardstickWarm = 223 * time.Millisecond
)

// startYardstick builds go-app's hello world and serves it until the returned function is called.
func startYardstick(ctx context.Context) (*visitedProduct, func(), error) {
	folder, err := os.MkdirTemp("", "yardstick")
	if err != nil {
		return nil, nil, err
	}
	program, err := buildYardstick(ctx, folder)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	origin, end, err := start(ctx, folder, program)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(folder))
	}
	stop := func() {
		end()
		_ = os.RemoveAll(folder)
	}
	return &visitedProduct{name: "go-app's hello world, as documented", origin: origin}, stop, nil
}

// buildYardstick builds go-app's hello world, with its bundle, into a folder.
func buildYardstick(ctx context.Context, folder string) (program string, err error) {
	program = filepath.Join(folder, "yardstick")
	for _, build := range []struct{ system, architecture, output string }{
		{"js", "wasm", filepath.Join(folder, "web", "app.wasm")}, {"", "", program},
	} {
		command := exec.CommandContext(ctx, "go", "build", "-o", build.output, "./scripts/page/yardstick")
		command.Env = append(os.Environ(), "GOOS="+build.system, "GOARCH="+build.architecture)
		if said, err := command.CombinedOutput(); err != nil {
			return "", errors.Join(fmt.Errorf("build go-app's hello world: %s", said), err)
		}
	}
	return program, nil
}

// compare prints what the product takes of the yardstick's time, beside what the gate and the stretch would.
func compare(name string, product, yardstick []time.Duration, reference time.Duration, gate, stretch int) {
	of := func(milliseconds int) float64 {
		return float64(time.Duration(milliseconds)*time.Millisecond) / float64(reference)
	}
	fmt.Printf("%-52s %8.2f × %8.2f × %8.2f ×\n", name, float64(median(product))/float64(median(yardstick)), of(gate), of(stretch))
}
