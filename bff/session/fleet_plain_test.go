//go:build !redis

package session_test

var installedFleets map[string]openFleet
