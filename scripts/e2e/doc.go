// Package e2e holds the journeys: the built product as a process, driven by headless Chromium and by curl. They run with
// make e2e, which builds the product first; screenshots are written to .screenshots.
//
// Start with TestAliceSignsInKeepsNotesAndSignsOut.
package e2e
