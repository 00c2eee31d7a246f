package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"cloakroom/scripts/trim"
)

// build compiles the program as scripts/bundle does, but keeps the names of its functions.
func build(ctx context.Context, output string) error {
	modfile, err := trim.Prepare(ctx, ".", trim.Cache)
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-modfile", modfile, "-o", output, program)
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("compile %s for js/wasm: %w", program, err)
	}
	return nil
}
