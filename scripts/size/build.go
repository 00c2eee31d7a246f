package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
)

// build compiles the program as scripts/bundle does, but keeps the names of its functions.
func build(ctx context.Context, output string) error {
	command := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", output, program)
	command.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	if err := command.Run(); err != nil {
		return fmt.Errorf("compile %s for js/wasm: %w", program, err)
	}
	return nil
}
