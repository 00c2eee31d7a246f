package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloakroom/scripts/visitor"
)

// target is one server under load.
type target struct {
	name    string
	url     string
	headers []string
	process *os.Process
	group   bool // its children count too

	rates []float64 // requests per second, one per round
	cpus  []float64 // microseconds of CPU per request, one per round
}

func measure(ctx context.Context, rounds, seconds int, profiles string) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return errors.New("wrk is missing: install the package wrk")
	}
	targets, stop, err := startTargets(ctx, profiles)
	defer stop()
	if err != nil {
		return err
	}
	met := true
	for _, connections := range []int{16, 64} {
		for round := range rounds {
			order := slices.Concat(targets[round%len(targets):], targets[:round%len(targets)])
			for _, t := range order {
				if err := t.load(ctx, connections, seconds); err != nil {
					return fmt.Errorf("%s: %w", t.name, err)
				}
			}
		}
		met = report(targets, connections) && met
	}
	if !met {
		return errors.New("a goal is not met")
	}
	return nil
}

// startTargets starts everything that is compared. What this machine has no package for is said and left out.
func startTargets(ctx context.Context, profiles string) (targets []*target, stop func(), err error) {
	var ends []func()
	stop = func() {
		for _, end := range slices.Backward(ends) {
			end()
		}
	}
	upstream, end, err := start(ctx, "upstream", "", profiles)
	if err != nil {
		return nil, stop, err
	}
	ends = append(ends, end)
	roles := []string{"bare", "bff-memory", "bff-sqlite"}
	if end, err := startRedis(ctx); err == nil {
		ends, roles = append(ends, end), append(roles, "bff-redis")
	} else {
		fmt.Println("without Redis:", err)
	}
	for _, role := range roles {
		server, end, err := start(ctx, role, upstream.url, profiles)
		if err != nil {
			return nil, stop, err
		}
		ends = append(ends, end)
		if role == "bare" {
			server.url += "/notes"
		} else if err := signIn(ctx, server); err != nil {
			return nil, stop, fmt.Errorf("%s: %w", role, err)
		}
		targets = append(targets, server)
	}
	for name, begin := range map[string]func() (*target, func(), error){
		"apache": func() (*target, func(), error) { return startApache(ctx, upstream.url, profiles) },
		"nginx":  func() (*target, func(), error) { return startNginx(ctx, upstream.url) },
	} {
		server, end, err := begin()
		if err != nil {
			fmt.Printf("without %s: %v\n", name, err)
			continue
		}
		ends = append(ends, end)
		if name == "apache" {
			if err := signInAtApache(ctx, server); err != nil {
				return nil, stop, fmt.Errorf("apache: %w", err)
			}
		}
		server.url += "/notes"
		targets = append(targets, server)
	}
	return targets, stop, nil
}

// signIn opens a session at a BFF, and lets wrk ask as script of the page does.
func signIn(ctx context.Context, server *target) error {
	person := visitor.New(nil)
	if err := person.SignIn(ctx, server.url, "baseline", "alice", "wonderland"); err != nil {
		return err
	}
	server.headers = []string{"Cookie: " + person.Cookie("localhost"), "X-BFF-CSRF: 1", "Sec-Fetch-Site: same-origin"}
	server.url += "/api/notes"
	return nil
}

// start runs this program in a role and returns when it listens.
func start(ctx context.Context, role, upstream, profiles string) (*target, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-role", role, "-upstream", upstream, "-profiles", profiles)
	cmd.Stderr = os.Stderr
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, nil, err
	}
	output, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, err
	}
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return nil, nil, fmt.Errorf("%s did not start: %w", role, err)
	}
	go func() { _, _ = io.Copy(io.Discard, output) }()
	stop := func() {
		_ = input.Close()
		_ = cmd.Wait()
	}
	return &target{name: role, url: strings.TrimSpace(line), process: cmd.Process}, stop, nil
}

var (
	rateLine  = regexp.MustCompile(`Requests/sec:\s+([\d.]+)`)
	countLine = regexp.MustCompile(`(\d+) requests in`)
)

// load puts one round of load on the target and notes its rate and what it cost.
func (t *target) load(ctx context.Context, connections, seconds int) error {
	arguments := []string{"-t1", fmt.Sprintf("-c%d", connections), fmt.Sprintf("-d%ds", seconds)}
	for _, header := range t.headers {
		arguments = append(arguments, "-H", header)
	}
	before, err := t.cpu()
	if err != nil {
		return err
	}
	output, err := exec.CommandContext(ctx, "wrk", append(arguments, t.url)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("wrk: %w\n%s", err, output)
	}
	after, err := t.cpu()
	if err != nil {
		return err
	}
	rate, count := rateLine.FindSubmatch(output), countLine.FindSubmatch(output)
	if rate == nil || count == nil || strings.Contains(string(output), "Non-2xx") {
		return fmt.Errorf("not every request was answered well:\n%s", output)
	}
	perSecond, _ := strconv.ParseFloat(string(rate[1]), 64)
	requests, _ := strconv.ParseFloat(string(count[1]), 64)
	t.rates = append(t.rates, perSecond)
	t.cpus = append(t.cpus, float64((after-before).Microseconds())/requests)
	return nil
}

// cpu is the processor time that the target has used so far.
func (t *target) cpu() (time.Duration, error) {
	files := []string{fmt.Sprintf("/proc/%d/stat", t.process.Pid)}
	if t.group {
		files, _ = filepath.Glob("/proc/[0-9]*/stat")
	}
	total, found := time.Duration(0), false
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		_, rest, _ := strings.Cut(string(stat), ") ")
		fields := strings.Fields(rest) // proc(5): pgrp is the 5th field; utime and stime are the 14th and 15th, in ticks of 10 ms
		if t.group && fields[2] != strconv.Itoa(t.process.Pid) {
			continue
		}
		user, _ := strconv.ParseInt(fields[11], 10, 64)
		system, _ := strconv.ParseInt(fields[12], 10, 64)
		total, found = total+time.Duration(user+system)*10*time.Millisecond, true
	}
	if !found {
		return 0, fmt.Errorf("%s has ended", t.name)
	}
	return total, nil
}
