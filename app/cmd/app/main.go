//go:build js && wasm

// Command app is the program that the browser runs, built to web/built by `make bundle`. It is not the server: it imports
// no HTTP server and no HTTP client, which keeps it small.
package main

import "cloakroom/app"

func main() {
	app.Run()
}
