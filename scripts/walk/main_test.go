package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestEveryStepIsTaken(t *testing.T) {
	steps, err := find("../..")
	if err != nil {
		t.Fatal(err)
	}
	if err := check(steps); err != nil {
		t.Error(err)
	}
}

func TestCheckRefusesAMissingStep(t *testing.T) {
	var steps []step
	for number := 1; number <= 10; number++ {
		steps = append(steps, step{number: number})
	}
	if err := check(steps); err != nil {
		t.Errorf("complete: %v", err)
	}
	if err := check(append(steps[:6:6], steps[7:]...)); err == nil || !strings.Contains(err.Error(), "step 7") {
		t.Errorf("step 7 missing: %v", err)
	}
	if err := check(append(steps, step{number: 11})); err == nil {
		t.Error("step 11 accepted")
	}
}

func TestReadmeTableIsCurrent(t *testing.T) {
	steps, err := find("../..")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	current, err := insert(page, table(steps))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(page, current) {
		t.Error("README.md's table of the steps is stale: run make walk")
	}
}

func TestReadmeLinksLeadSomewhere(t *testing.T) {
	page, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	links := regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(string(page), -1)
	if len(links) < 20 {
		t.Fatalf("only %d links were found", len(links))
	}
	for _, link := range links {
		if _, err := os.Stat(filepath.Join("../..", link[1])); err != nil {
			t.Error(err)
		}
	}
}
