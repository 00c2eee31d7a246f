// Package client has the checks of the authorization server by someone else's clients: openid-client and oauth4webapi, on
// Node. The Go side (client_test.go) starts the server and runs the checks; the checks are in *.test.mjs, one file per subject,
// each with a header that says which sections it holds the server to. They are written to the specifications and know nothing
// of the server but authserver.yaml and the ids of its pages' elements; lib/ has the browser and the clients.
package client
