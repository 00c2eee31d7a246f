package registry_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"cloakroom/authserver/client"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
	"cloakroom/authserver/store/memory"
	"cloakroom/authserver/workspace"
)

// configured is a tenant of the configuration, with a workspace of each preset.
func configured() registry.Tenant {
	tenant := registry.Tenant{Name: "demo"}
	for _, ws := range []workspace.Workspace{
		{Name: "baseline", Clients: []client.Client{{ID: "web", Secret: client.DigestOf("a secret of the web"), RedirectURIs: []string{"https://web.example/"}}}},
		{Name: "fapi2", Preset: workspace.FAPI2},
	} {
		ws.Tenant, ws.Base = "demo", "https://as.example"
		ws.SetDefaults()
		tenant.Configured = append(tenant.Configured, ws)
	}
	return tenant
}

type published struct {
	mu    sync.Mutex
	count int
	fail  error
}

func (p *published) publish(context.Context, *registry.Snapshot, *registry.Snapshot) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.count++
	return p.fail
}

func open(t *testing.T, st store.Registry) (*registry.Registry, *published) {
	t.Helper()
	return openWith(t, st, configured())
}

func openWith(t *testing.T, st store.Registry, tenants ...registry.Tenant) (*registry.Registry, *published) {
	t.Helper()
	told := &published{}
	r, err := registry.Open(t.Context(), st, registry.Settings{
		Base: "https://as.example", Tenants: tenants, Publish: told.publish, Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return r, told
}

const (
	baseline = "demo/baseline"
	document = `{"id":"made","name":"Made","redirect_uris":["https://made.example/"],"scopes":["openid"]}`
)

func create(t *testing.T, r *registry.Registry, text string) (*registry.Client, oauth.Secret) {
	t.Helper()
	made, secret, err := r.CreateClient(t.Context(), baseline, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return made, secret
}

func authenticates(c *client.Client, secret oauth.Secret, at time.Time) bool {
	return c.Authenticate(client.Credentials{Method: oauth.AuthSecretBasic, ClientID: "made", Secret: secret}, client.Expected{Now: at}) == nil
}

func TestCreatedClientIsInForceAtOnceAndOnEveryInstanceAfterItLooks(t *testing.T) {
	st := memory.New(time.Now)
	here, _ := open(t, st)
	there, told := open(t, st)
	began := here.Current()
	made, secret := create(t, here, document)
	if made.Version != 1 || made.Managed || !authenticates(here.Current().Workspace(baseline).Find("made"), secret, time.Now()) {
		t.Errorf("%+v", made)
	}
	if began.Workspace(baseline).Find("made") != nil {
		t.Error("a snapshot changed")
	}
	if there.Current().Workspace(baseline).Find("made") != nil {
		t.Error("the other instance knows before it has looked: the next check shows nothing")
	}
	if err := there.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	if !authenticates(there.Current().Workspace(baseline).Find("made"), secret, time.Now()) || told.count != 2 {
		t.Errorf("the other instance does not know; published %d times", told.count)
	}
	if err := there.Refresh(t.Context()); err != nil || told.count != 2 {
		t.Errorf("nothing changed and it was published: %d, %v", told.count, err)
	}
	if _, err := there.DisableClient(t.Context(), baseline, "made", 1, true); err != nil {
		t.Fatal(err)
	}
	if err := here.Refresh(t.Context()); err != nil || here.Current().Workspace(baseline).Find("made") != nil || here.Current().Workspace(baseline).Client("made") == nil {
		t.Errorf("disabled on the one, in force on the other: %v", err)
	}
	if err := here.DeleteClient(t.Context(), baseline, "made", 2); err != nil {
		t.Fatal(err)
	}
	if err := there.Refresh(t.Context()); err != nil || there.Current().Workspace(baseline).Client("made") != nil {
		t.Errorf("deleted on the one, known to the other: %v", err)
	}
	if again, _ := create(t, there, document); again.Version != 4 {
		t.Errorf("a version was used twice: %d", again.Version)
	}
}

func TestConfigurationIsManagedAndItsNamesAreTaken(t *testing.T) {
	r, _ := open(t, memory.New(time.Now))
	ctx, yes := t.Context(), true
	keep := func(given []byte) []byte { return given }
	for name, change := range map[string]func() error{
		"client changed":     func() error { _, _, err := r.ReplaceClient(ctx, baseline, "web", 0, keep); return err },
		"client disabled":    func() error { _, err := r.DisableClient(ctx, baseline, "web", 0, true); return err },
		"client rotated":     func() error { _, _, err := r.RotateSecret(ctx, baseline, "web", 0, 0); return err },
		"client deleted":     func() error { return r.DeleteClient(ctx, baseline, "web", 0) },
		"workspace changed":  func() error { _, err := r.ChangeWorkspace(ctx, baseline, 0, keep, nil); return err },
		"workspace disabled": func() error { _, err := r.ChangeWorkspace(ctx, baseline, 0, nil, &yes); return err },
		"workspace deleted":  func() error { return r.DeleteWorkspace(ctx, baseline, 0) },
		"tenant changed":     func() error { _, err := r.ChangeTenant(ctx, "demo", 0, keep, nil); return err },
		"tenant disabled":    func() error { _, err := r.ChangeTenant(ctx, "demo", 0, nil, &yes); return err },
		"tenant deleted":     func() error { return r.DeleteTenant(ctx, "demo", 0) },
	} {
		if err := change(); !errors.Is(err, registry.ErrManaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, change := range map[string]func() error{
		"client": func() error {
			_, _, err := r.CreateClient(ctx, baseline, []byte(strings.Replace(document, "made", "web", 1)))
			return err
		},
		"workspace": func() error { _, err := r.CreateWorkspace(ctx, "demo", []byte(`{"name":"baseline"}`)); return err },
		"tenant":    func() error { _, err := r.CreateTenant(ctx, []byte(`{"name":"demo"}`)); return err },
	} {
		if err := change(); !errors.Is(err, registry.ErrExists) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The control: what the API made can be changed in all these ways.
	create(t, r, document)
	if _, _, err := r.ReplaceClient(ctx, baseline, "made", 1, keep); err != nil {
		t.Error(err)
	}
}

func TestChangeIsHeldToTheRulesOfTheConfiguration(t *testing.T) {
	r, _ := open(t, memory.New(time.Now))
	for name, test := range map[string]struct{ workspace, text, problem string }{
		"the control":      {baseline, document, ""},
		"no redirect URI":  {baseline, `{"id":"a"}`, "/redirect_uris authorization_code needs at least one"},
		"http":             {baseline, `{"id":"a","redirect_uris":["http://a.example/"]}`, `/redirect_uris "http://a.example/" has to be https (http is for loopback hosts only)`},
		"unknown scope":    {baseline, `{"id":"a","redirect_uris":["https://a.example/"],"scopes":["x"]}`, `/scopes "x" is not a scope of the workspace`},
		"preset":           {"demo/fapi2", strings.Replace(document, `"id"`, `"dpop_bound_access_tokens":true,"id"`, 1), `/token_endpoint_auth_method "client_secret_basic" is none of private_key_jwt, tls_client_auth and self_signed_tls_client_auth (FAPI 2.0 §5.3.2.1) (preset fapi2)`},
		"a file of ours":   {baseline, `{"secret_file":"/etc/passwd"}`, "/secret_file is for the configuration file only"},
		"no such place":    {"demo/none", document, "no such thing"},
		"an unusable name": {baseline, `{"id":"a b","redirect_uris":["https://a.example/"]}`, "/id has a character that is not visible ASCII (RFC 6749 appendix A.1)"},
	} {
		_, _, err := r.CreateClient(t.Context(), test.workspace, []byte(test.text))
		if got := said(err); (test.problem == "") != (err == nil) || !strings.Contains(got, test.problem) {
			t.Errorf("%s: %q, want %q", name, got, test.problem)
		}
	}
	for name, test := range map[string]struct{ text, problem string }{
		"the control":    {`{"name":"made","preset":"fapi2"}`, ""},
		"preset":         {`{"name":"x","preset":"fapi2","policy":{"require_par":false}}`, "/policy/require_par has to be true (FAPI 2.0 §5.3.2.2) (preset fapi2)"},
		"lifetime":       {`{"name":"x","policy":{"code_lifetime":"2m"}}`, "/policy/code_lifetime 2m0s is more than 1m0s"},
		"name":           {`{"name":"X y"}`, `/name "X y" is not one to forty`},
		"sources":        {`{"name":"x","identity_sources":[{"id":"local","type":"local","password_change":"never"}]}`, `/identity_sources identity source "local": password_change: "never" is neither on nor off`},
		"clients inside": {`{"name":"x","clients":[{"id":"a"}]}`, "/clients are made one by one"},
		"users inside":   {`{"name":"x","users":[{"username":"a"}]}`, "/users are made one by one"},
		"registration":   {`{"name":"x","preset":"fapi2","registration":{"token_endpoint_auth_methods":["none"]}}`, "/registration/token_endpoint_auth_methods"},
	} {
		_, err := r.CreateWorkspace(t.Context(), "demo", []byte(test.text))
		if got := said(err); (test.problem == "") != (err == nil) || !strings.Contains(got, test.problem) {
			t.Errorf("workspace, %s: %q, want %q", name, got, test.problem)
		}
	}
}

func said(err error) string {
	if invalid, ok := errors.AsType[*registry.Invalid](err); ok {
		var texts []string
		for _, problem := range invalid.Problems {
			texts = append(texts, problem.Pointer+" "+problem.Detail)
		}
		return strings.Join(texts, "; ")
	}
	return fmt.Sprint(err)
}

func TestRotatedSecretOverlapsWithTheOneBefore(t *testing.T) {
	r, _ := open(t, memory.New(time.Now))
	_, first := create(t, r, document)
	rotated, second, err := r.RotateSecret(t.Context(), baseline, "made", 1, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	for name, test := range map[string]struct {
		secret oauth.Secret
		at     time.Time
		ok     bool
	}{
		"the new one":              {second, now, true},
		"the old one":              {first, now, true},
		"the old one, too late":    {first, now.Add(time.Hour + time.Minute), false},
		"the new one, later":       {second, now.Add(48 * time.Hour), true},
		"neither":                  {"a secret of somebody else's", now, false},
		"none":                     {"", now, false},
		"none, when the old ended": {"", now.Add(2 * time.Hour), false},
	} {
		if got := authenticates(rotated.Client, test.secret, test.at); got != test.ok {
			t.Errorf("%s: %v", name, got)
		}
	}
	third, _, err := r.RotateSecret(t.Context(), baseline, "made", 2, time.Hour)
	if err != nil || authenticates(third.Client, first, now) || !authenticates(third.Client, second, now) {
		t.Errorf("two rotations leave more than one old secret: %v", err)
	}
	if last, secret, err := r.RotateSecret(t.Context(), baseline, "made", 3, 0); err != nil || authenticates(last.Client, second, now) || !authenticates(last.Client, secret, now) {
		t.Errorf("without an overlap: %v", err)
	}
}

func TestOfManyChangesOfOneVersionOneWins(t *testing.T) {
	st := memory.New(time.Now)
	var instances []*registry.Registry
	for range 4 {
		r, _ := open(t, st)
		instances = append(instances, r)
	}
	create(t, instances[0], document)
	var mu sync.Mutex
	var racing sync.WaitGroup
	won := 0
	for racer := range 40 {
		racing.Go(func() {
			_, _, err := instances[racer%4].ReplaceClient(t.Context(), baseline, "made", 1, func([]byte) []byte {
				return []byte(strings.Replace(document, "Made", fmt.Sprint("Made by ", racer), 1))
			})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				won++
			case !errors.Is(err, registry.ErrStale):
				t.Error(err)
			}
		})
	}
	racing.Wait()
	if won != 1 {
		t.Errorf("%d won", won)
	}
}

func TestChangeThatCouldNotBePublishedIsTriedAgain(t *testing.T) {
	r, told := open(t, memory.New(time.Now))
	told.fail = errors.New("no key")
	if _, _, err := r.CreateClient(t.Context(), baseline, []byte(document)); err == nil {
		t.Error("nobody was told")
	}
	if r.Current().Workspace(baseline).Client("made") != nil {
		t.Error("it is in force")
	}
	told.fail = nil
	if err := r.Refresh(t.Context()); err != nil || r.Current().Workspace(baseline).Client("made") == nil {
		t.Errorf("not tried again: %v", err)
	}
}

func TestRecordThatTheConfigurationContradictsNowIsNotInForceAndSaysWhy(t *testing.T) {
	st := memory.New(time.Now)
	r, _ := open(t, st)
	create(t, r, document)
	if _, err := r.CreateTenant(t.Context(), []byte(`{"name":"acme"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CreateWorkspace(t.Context(), "acme", []byte(`{"name":"main"}`)); err != nil {
		t.Fatal(err)
	}
	changed := configured()
	changed.Configured[0].Preset = workspace.FAPI2
	changed.Configured[0].Policy = workspace.Policy{}
	changed.Configured[0].Clients = nil
	changed.Configured[0].SetDefaults()
	restarted, _ := openWith(t, st, changed)
	ws := restarted.Current().Workspace(baseline)
	if ws.Find("made") != nil || !strings.Contains(ws.Client("made").Problem, "preset fapi2") {
		t.Errorf("%+v", ws.Client("made"))
	}
	if !restarted.Current().Workspace("acme/main").Live {
		t.Error("the others suffer with it")
	}
}

func TestTenantTakesItsWorkspacesOutOfForce(t *testing.T) {
	r, _ := open(t, memory.New(time.Now))
	ctx, yes, no := t.Context(), true, false
	if _, err := r.CreateTenant(ctx, []byte(`{"name":"acme","title":"Acme"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.CreateWorkspace(ctx, "acme", []byte(`{"name":"main"}`)); err != nil {
		t.Fatal(err)
	}
	if _, err := r.ChangeTenant(ctx, "acme", 1, nil, &yes); err != nil || r.Current().Workspace("acme/main").Live {
		t.Errorf("served although its tenant is disabled: %v", err)
	}
	if _, err := r.ChangeTenant(ctx, "acme", 2, nil, &no); err != nil || !r.Current().Workspace("acme/main").Live {
		t.Errorf("not served again: %v", err)
	}
	if err := r.DeleteTenant(ctx, "acme", 3); !errors.Is(err, registry.ErrInUse) {
		t.Errorf("deleted with its workspace: %v", err)
	}
	if err := r.DeleteWorkspace(ctx, "acme/main", 1); !errors.Is(err, registry.ErrInUse) {
		t.Errorf("deleted while served: %v", err)
	}
	if _, err := r.ChangeWorkspace(ctx, "acme/main", 1, nil, &yes); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.DeleteWorkspace(ctx, "acme/main", 2), r.DeleteTenant(ctx, "acme", 3)); err != nil {
		t.Error(err)
	}
}

func TestWorkspaceChangeThatContradictsAClientIsRefused(t *testing.T) {
	r, _ := open(t, memory.New(time.Now))
	ctx := t.Context()
	if _, err := r.CreateWorkspace(ctx, "demo", []byte(`{"name":"made","scopes":[{"name":"notes","description":"Notes"}]}`)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.CreateClient(ctx, "demo/made", []byte(`{"id":"a","redirect_uris":["https://a.example/"],"scopes":["notes"]}`)); err != nil {
		t.Fatal(err)
	}
	_, err := r.ChangeWorkspace(ctx, "demo/made", 1, func([]byte) []byte { return []byte(`{"name":"made"}`) }, nil)
	if !strings.Contains(said(err), "the client a contradicts it") {
		t.Errorf("%v", err)
	}
	if _, err := r.ChangeWorkspace(ctx, "demo/made", 1, func(given []byte) []byte { return given }, nil); err != nil {
		t.Errorf("the control: %v", err)
	}
}

// The hot path costs a load of a pointer and a look into a map.
func BenchmarkFind(b *testing.B) {
	st := memory.New(time.Now)
	r, err := registry.Open(b.Context(), st, registry.Settings{
		Base: "https://as.example", Tenants: []registry.Tenant{configured()}, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Publish: func(context.Context, *registry.Snapshot, *registry.Snapshot) error { return nil },
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if r.Current().Workspace(baseline).Find("web") == nil {
			b.Fatal("not found")
		}
	}
}
