package main

import (
	"fmt"
	"slices"
	"strings"
)

// floors are the ratios of requests per second that the goals ask for: of every BFF to what a goal compares it with.
var floors = []struct {
	goal, peer string
	floor      float64
}{{"P1", "bare", 0.95}, {"P2", "apache", 1.6}, {"P3", "nginx", 0.33}}

// most is the CPU per request that P1 allows, as a ratio to the bare proxy's.
const most = 1.05

// report prints the ratios of the rounds to the first target's and those that the goals compare, tells whether all goals are met,
// and clears the rounds.
func report(targets []*target, connections int) bool {
	bare, met := targets[0], true
	fmt.Printf("\n%d connections, %d rounds: ratio to the bare proxy, median (quartiles)\n", connections, len(bare.rates))
	for _, t := range targets {
		rate, cpu := ratios(t.rates, bare.rates), ratios(t.cpus, bare.cpus)
		fmt.Printf("  %-11s requests/s %s   CPU/request %s   (%.0f/s, %.0f µs)\n", t.name, rate, cpu, median(t.rates), median(t.cpus))
		if strings.HasPrefix(t.name, "bff-") {
			met = meets(t, targets) && cpu.middle <= most && met
		}
	}
	for _, t := range targets {
		t.rates, t.cpus = nil, nil
	}
	return met
}

// meets compares one BFF with the peers that are there.
func meets(t *target, peers []*target) bool {
	met := true
	for _, goal := range floors {
		for _, peer := range peers {
			if peer.name != goal.peer {
				continue
			}
			ratio := ratios(t.rates, peer.rates)
			if goal.peer != "bare" {
				fmt.Printf("  %-11s %s: to %s %s\n", "", goal.goal, peer.name, ratio)
			}
			met = met && ratio.middle >= goal.floor
		}
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
