// Package provider signs users in at someone else's provider: Node's oidc-provider, which is certified, once plain and once
// with FAPI 2.0. provider.mjs is the provider of the BFF, and provider_test.go what the BFF has to do with it; upstream.mjs and
// upstream_test.go are the same for the authorization server, whose users sign in there.
package provider
