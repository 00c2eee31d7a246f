//go:build e2e

package e2e

import (
	"maps"
	"strings"
	"testing"

	"cloakroom/bff/api"
)

// linkedEverywhere checks that what two servers tell of one value has one reference with both, as a value, or in a token.
func linkedEverywhere(t *testing.T, events []api.TraceEvent, bound bool) {
	t.Helper()
	names := []string{"state", "nonce", "code", "code_challenge", "code_verifier", "request_uri", "id_token", "access_token"}
	if bound {
		names = append(names, "client_assertion", "DPoP", "token jti", "token jkt")
	}
	for _, name := range names {
		ours, theirs := referencesBy(events, name, api.PartyBFF), referencesBy(events, name, api.PartyAuthorizationServer)
		shared := maps.Clone(ours)
		maps.DeleteFunc(shared, func(ref string, _ bool) bool { return !theirs[ref] })
		if len(shared) == 0 {
			t.Errorf("no reference of a %s is told by both: %v and %v", name, ours, theirs)
		}
	}
	// The control: what only one of them knows is not linked.
	if cookies := referencesBy(events, "__Host-Http-cloakroom", api.PartyAuthorizationServer); len(cookies) != 0 {
		t.Errorf("the authorization server knows the cookie: %v", cookies)
	}
}

// referencesBy are those that one server tells of a value of the sign-in; "token jti" and "token jkt" are those inside of tokens.
func referencesBy(events []api.TraceEvent, name string, emitter api.Party) map[string]bool {
	found := map[string]bool{}
	member, inside := strings.CutPrefix(name, "token ")
	for _, e := range events {
		if e.Kind != api.FlowSignIn || e.Emitter != emitter || e.Message == nil {
			continue
		}
		for _, v := range e.Message.Values {
			if !inside && v.Name == name && v.Ref != "" {
				found[v.Ref] = true
			}
			if inside && v.Token != nil {
				collect(found, member, v.Token.Header)
				collect(found, member, v.Token.Claims)
			}
		}
	}
	return found
}

// collect adds the references that a name has anywhere in an object.
func collect(found map[string]bool, name string, object map[string]any) {
	for key, value := range object {
		if text, _ := value.(string); key == name && strings.HasPrefix(text, "ref:") {
			found[text] = true
		}
		if inner, ok := value.(map[string]any); ok {
			collect(found, name, inner)
		}
	}
}
