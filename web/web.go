// Package web embeds what the page loads from the BFF's origin: the bundle that `make bundle` writes to built. A program that
// is compiled without a bundle says so when it makes the page.
package web

import "embed"

// Files is this folder, as app.Page expects it.
//
//go:embed all:built
var Files embed.FS
