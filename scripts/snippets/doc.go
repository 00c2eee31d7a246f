// Package snippets proves what the page offers to copy: its tests parse each configuration as the BFF would, and compile
// the Go code for the browser. The JavaScript runs in scripts/e2e.
package snippets
