package workspace

import (
	"fmt"
	"maps"
	"net/url"
	"slices"

	"cloakroom/authserver/oauth"
)

// standardScopes are the scopes that every workspace has: OpenID Connect Core §5.4 and §11. Where the workspace has no words of its
// own for them, the pages have.
func standardScopes() []string {
	return []string{oauth.ScopeOpenID, "profile", "email", "address", "phone", oauth.ScopeOfflineAccess}
}

// SetDefaults fills in what the configuration leaves out.
func (w *Workspace) SetDefaults() {
	if w.Preset == "" {
		w.Preset = Baseline
	}
	if w.Title == "" {
		w.Title = w.Name
	}
	if w.FAPI() {
		w.Policy.setFAPIDefaults()
	}
	w.Policy.setDefaults()
	w.setSourceDefaults()
	if w.Policy.DefaultAudience == "" {
		w.Policy.DefaultAudience = w.Issuer()
	}
	for _, standard := range standardScopes() {
		if _, own := w.Scope(standard); !own {
			w.Scopes = append(w.Scopes, Scope{Name: standard})
		}
	}
	w.setRegistrationDefaults()
	for position := range w.Clients {
		w.Clients[position].SetDefaults()
	}
}

// Problems lists all that is wrong with the workspace.
func (w *Workspace) Problems() []error {
	var problems []error
	if !ValidName(w.Name) {
		problems = append(problems, fmt.Errorf("name: %q is not one to forty lower-case letters, digits and inner dashes", w.Name))
	}
	switch w.Preset {
	case Baseline:
	case FAPI2:
		problems = append(problems, w.fapiProblems()...)
	default:
		problems = append(problems, fmt.Errorf("preset: %q is neither %s nor %s", w.Preset, Baseline, FAPI2))
	}
	problems = append(problems, w.Policy.problems()...)
	problems = append(problems, w.Brand.Problems()...)
	problems = append(problems, w.scopeProblems()...)
	problems = append(problems, w.sourceProblems()...)
	problems = append(problems, w.clientProblems()...)
	problems = append(problems, w.registrationProblems()...)
	return append(problems, w.userProblems()...)
}

func (w *Workspace) scopeProblems() []error {
	var problems []error
	seen := map[string]bool{}
	for _, scope := range w.Scopes {
		report := func(format string, args ...any) {
			problems = append(problems, fmt.Errorf("scope %q: %w", scope.Name, fmt.Errorf(format, args...)))
		}
		if !validScope(scope.Name) {
			report("is not a scope value (RFC 6749 §3.3)")
		}
		if seen[scope.Name] {
			report("is there twice")
		}
		seen[scope.Name] = true
		if !scope.AccessTokenFormat.valid() {
			report("access_token_format: %q is neither jwt nor opaque", scope.AccessTokenFormat)
		}
		for _, other := range w.Scopes {
			if other.Resource == scope.Resource && other.AccessTokenFormat != scope.AccessTokenFormat {
				report("access_token_format: is another than that of %q, for the same resource", other.Name)
			}
		}
		if scope.Description == "" && !slices.Contains(standardScopes(), scope.Name) {
			report("description is missing: the user reads it on the consent page")
		}
		// RFC 8707 §2: an absolute URI without a fragment.
		if resource, err := url.Parse(scope.Resource); scope.Resource != "" && (err != nil || !resource.IsAbs() || resource.Fragment != "") {
			report("resource: %q is not an absolute URI without a fragment", scope.Resource)
		}
	}
	return problems
}

// validScope is RFC 6749 §3.3's scope-token.
func validScope(name string) bool {
	for _, letter := range []byte(name) {
		if letter < 0x21 || letter > 0x7e || letter == '"' || letter == '\\' {
			return false
		}
	}
	return name != ""
}

func (w *Workspace) clientProblems() []error {
	var problems []error
	seen := map[string]bool{}
	for position := range w.Clients {
		client := &w.Clients[position]
		for _, problem := range client.Problems() {
			problems = append(problems, fmt.Errorf("client %q: %w", client.ID, problem))
		}
		if seen[client.ID] {
			problems = append(problems, fmt.Errorf("client %q: is there twice", client.ID))
		}
		seen[client.ID] = true
		if alg := client.UserinfoAlgorithm; alg != "" && !slices.Contains(w.Policy.Algorithms(), alg) {
			problems = append(problems, fmt.Errorf("client %q: userinfo_signed_response_alg: the workspace does not sign with %q", client.ID, alg))
		}
		for _, resource := range client.Resources {
			if resource != w.Policy.DefaultAudience && !slices.ContainsFunc(w.Scopes, func(scope Scope) bool { return scope.Resource == resource }) {
				problems = append(problems, fmt.Errorf("client %q: resources: %q is the resource of no scope", client.ID, resource))
			}
		}
		if client.Public() && len(client.Resources) > 0 {
			problems = append(problems, fmt.Errorf("client %q: resources: a public client cannot introspect", client.ID))
		}
		for _, name := range client.Scopes {
			if _, known := w.Scope(name); !known {
				problems = append(problems, fmt.Errorf("client %q: scopes: %q is not a scope of the workspace", client.ID, name))
			}
		}
	}
	return problems
}

func (w *Workspace) userProblems() []error {
	var problems []error
	seen := map[string]bool{}
	for _, user := range w.Users {
		report := func(text string) { problems = append(problems, fmt.Errorf("user %q: %s", user.Username, text)) }
		if user.Username == "" {
			report("username is missing")
		}
		if seen[user.Username] {
			report("is there twice")
		}
		seen[user.Username] = true
		for _, name := range slices.Sorted(maps.Keys(user.Claims)) {
			if err := oauth.CheckClaim(name, user.Claims[name]); err != nil {
				report("claims: " + name + " " + err.Error())
			}
		}
		given := 0
		for _, text := range []string{user.Password.Reveal(), user.PasswordHash.Reveal(), user.PasswordFile, user.PasswordEnv} {
			if text != "" {
				given++
			}
		}
		if given != 1 {
			report("exactly one of password, password_hash, password_file and password_env is needed")
		}
	}
	return problems
}
