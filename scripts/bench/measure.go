package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
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

	rates []float64 // requests per second, one per round
	cpus  []float64 // microseconds of CPU per request, one per round
}

// gate is the ratio of requests per second that P1 asks for, to the bare proxy.
const gate = 0.95

func measure(ctx context.Context, rounds, seconds int, profiles string) error {
	if _, err := exec.LookPath("wrk"); err != nil {
		return errors.New("wrk is missing: install the package wrk")
	}
	upstream, stop, err := start(ctx, "upstream", "", profiles)
	if err != nil {
		return err
	}
	defer stop()
	roles := []string{"bare", "bff-memory", "bff-sqlite"}
	if endRedis, err := startRedis(ctx); err == nil {
		defer endRedis()
		roles = append(roles, "bff-redis")
	} else {
		fmt.Println("without Redis:", err)
	}
	targets := []*target{}
	for _, role := range roles {
		server, stop, err := start(ctx, role, upstream.url, profiles)
		if err != nil {
			return err
		}
		defer stop()
		if role != "bare" {
			person := visitor.New(nil)
			if err := person.SignIn(ctx, server.url, "baseline", "alice", "wonderland"); err != nil {
				return fmt.Errorf("%s: %w", role, err)
			}
			server.headers = []string{"Cookie: " + person.Cookie("localhost"), "X-BFF-CSRF: 1", "Sec-Fetch-Site: same-origin"}
			server.url += "/api"
		}
		server.url += "/notes"
		targets = append(targets, server)
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
		return fmt.Errorf("a ratio is below %.2f", gate)
	}
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
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", t.process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest) // proc(5): utime and stime are the 14th and 15th field, in ticks of 10 ms
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond, nil
}

// report prints the ratios of the rounds to the first target's, tells whether all meet the gate, and clears the rounds.
func report(targets []*target, connections int) bool {
	bare, met := targets[0], true
	fmt.Printf("\nP1, %d connections, %d rounds: ratio to the bare proxy, median (quartiles)\n", connections, len(bare.rates))
	for _, t := range targets {
		rate, cpu := ratios(t.rates, bare.rates), ratios(t.cpus, bare.cpus)
		fmt.Printf("  %-11s requests/s %s   CPU/request %s   (%.0f/s, %.0f µs)\n", t.name, rate, cpu, median(t.rates), median(t.cpus))
		met = met && (t == bare || rate.middle >= gate)
	}
	for _, t := range targets {
		t.rates, t.cpus = nil, nil
	}
	return met
}

type quartiles struct{ low, middle, high float64 }

func (q quartiles) String() string { return fmt.Sprintf("%.2f (%.2f–%.2f)", q.middle, q.low, q.high) }

func ratios(figures, base []float64) quartiles {
	values := make([]float64, len(figures))
	for index := range figures {
		values[index] = figures[index] / base[index]
	}
	slices.Sort(values)
	last := float64(len(values) - 1)
	return quartiles{values[int(last*0.25)], values[int(last*0.5)], values[int(last*0.75+0.5)]}
}

func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	return sorted[len(sorted)/2]
}
