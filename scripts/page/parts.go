package main

import (
	"fmt"
	"slices"
)

// parts are the ends of what lies between the navigation and the app, in milliseconds, by the names in partNames.
type parts map[string]float64

// partNames are in the order in which they end on a good day.
var partNames = []string{
	"document asked for", "document begins", "document ends", "style ends", "parsed", "bundle asked for", "bundle begins", "bundle ends", "session asked for", "session ends",
}

// timings reads them from what the browser itself notes.
const timings = `(() => {
	const [page] = performance.getEntriesByType("navigation")
	const of = (part) => performance.getEntriesByType("resource").find((entry) => entry.name.includes(part)) || {}
	return {
		"document asked for": page.requestStart, "document begins": page.responseStart, "document ends": page.responseEnd,
		"style ends": of(".css").responseEnd, "parsed": page.domInteractive,
		"bundle asked for": of(".wasm").startTime, "bundle begins": of(".wasm").responseStart, "bundle ends": of(".wasm").responseEnd,
		"session asked for": of("/bff/session").startTime, "session ends": of("/bff/session").responseEnd,
	}
})()`

// printParts prints the medians of a first visit and of one that comes again.
func printParts(cold, warm []visited) {
	for _, name := range partNames {
		fmt.Printf("    %-30s %7.0f ms cold %7.0f ms warm\n", name, medianPart(cold, name), medianPart(warm, name))
	}
}

func medianPart(visits []visited, name string) float64 {
	values := make([]float64, len(visits))
	for i, visit := range visits {
		values[i] = visit.parts[name]
	}
	slices.Sort(values)
	return values[len(values)/2]
}
