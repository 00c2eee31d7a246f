// Package client embeds cloakroom.js, the page's side of the BFF for any framework: copy the file into your front end. It
// holds no Go code but this; tests serve the file from here.
package client

import _ "embed"

// Module is the ES module.
//
//go:embed cloakroom.js
var Module []byte
