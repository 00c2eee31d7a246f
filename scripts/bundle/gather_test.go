package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A program with the commit in it would be another one after each, for every browser that has it.
func TestProgramIsTheSameAtEveryCommit(t *testing.T) {
	t.Chdir("../..")
	t.Setenv("GOFLAGS", "-buildvcs=true")
	job := job{plain: true, whole: true, wasm: filepath.Join(t.TempDir(), "app.wasm")}
	if err := compile(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(job.wasm)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(program, []byte("build\tvcs")) {
		t.Error("it says which commit it is made of")
	}
	if !bytes.Contains(program, []byte("build\tGOARCH=wasm")) { // the control: what the compiler notes can be found
		t.Error("it does not say how it was built")
	}
}
