// Package provider signs users in at someone else's provider: Node's oidc-provider, which is certified, once plain and once
// with FAPI 2.0. provider.mjs is the provider, provider_test.go what the BFF has to do with it.
package provider
