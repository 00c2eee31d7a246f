// Package adminapi is the admin API's HTTP face: tenants, workspaces, clients, users and keys, created, changed, disabled and rotated, with a
// record of who did it. It belongs on the admin listener and is never public. It owns requests, answers and their checks; it does not own
// what they change (packages registry, account, keys), and it serves no page.
//
// Start with [API.routes]. openapi.json says the same to machines.
package adminapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"cloakroom/authserver/account"
	"cloakroom/authserver/audit"
	"cloakroom/authserver/keys"
	"cloakroom/authserver/oauth"
	"cloakroom/authserver/registry"
	"cloakroom/authserver/store"
)

// Prefix is where the API is on the admin listener.
const Prefix = "/admin/v1"

// Settings are what the API stands on.
type Settings struct {
	Tokens []Token // whose bearers may do everything here
	// Certificates says that the listener has verified the certificates of clients that show one, and that those may do everything too.
	Certificates bool

	Registry *registry.Registry
	Accounts Accounts
	Factors  Factors
	Hasher   Hasher
	// EndUser ends a user's sessions and revokes what was granted in the user's name; it returns how many sessions ended.
	EndUser func(ctx context.Context, workspace, subject string) (int, error)
	// Keys are the signing keys of a workspace that is served; nil for none.
	Keys func(workspace string) *keys.Set

	Audit *audit.Log
	Log   *slog.Logger
	Now   func() time.Time
}

// Token is a bearer token of the API, by its hash, and the name under which changes are recorded.
type Token struct {
	Name string
	Hash oauth.SecretHash
}

// Accounts keeps the users.
type Accounts interface {
	SaveAccount(ctx context.Context, account store.Account) error
	Account(ctx context.Context, workspace, subject string) (store.Account, error)
	AccountByName(ctx context.Context, workspace, username string) (store.Account, error)
	DeleteAccount(ctx context.Context, workspace, subject string, version int64) error
	ListAccounts(ctx context.Context, workspace, prefix, after string, limit int) ([]store.Account, error)
}

// Hasher hashes passwords; [account.Hasher] does.
type Hasher interface {
	Hash(ctx context.Context, password string) (string, error)
}

var _ Hasher = (*account.Hasher)(nil)

// API is the admin API. It is safe for concurrent use.
type API struct {
	Settings
	handler http.Handler
}

// New makes the API.
func New(settings Settings) *API {
	a := &API{Settings: settings}
	mux := http.NewServeMux()
	allowed := map[string][]string{}
	for _, route := range a.routes() {
		mux.Handle(route.method+" "+Prefix+route.path, a.serve(route))
		allowed[route.path] = append(allowed[route.path], route.method)
	}
	for path, methods := range allowed {
		mux.Handle(Prefix+path, a.refuse(func() error { return methodProblem(methods) }))
	}
	mux.Handle("/", a.refuse(func() error { return errNoResource }))
	a.handler = http.NewCrossOriginProtection().Handler(mux) // a browser that shows a certificate by itself
	return a
}

// On reports whether there is a credential by which the API can be used.
func (a *API) On() bool { return len(a.Tokens) > 0 || a.Certificates }

// ServeHTTP answers what is under [Prefix]. Without a configured credential there is nothing there.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	if !a.On() {
		a.writeProblem(w, r, errOff)
		return
	}
	a.handler.ServeHTTP(w, r)
}

// route is one operation.
type route struct {
	method, path string
	handle       func(*call) (answer, error)
	status       int // of success
}

const (
	tenantPath    = "/tenants/{tenant}"
	workspacePath = tenantPath + "/workspaces/{workspace}"
	clientPath    = workspacePath + "/clients/{client}"
	userPath      = workspacePath + "/users/{user}"
)

// routes lists every operation.
func (a *API) routes() []route {
	const get, post, put, patch, del = http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete
	const ok, created, nothing = http.StatusOK, http.StatusCreated, http.StatusNoContent
	return []route{
		{get, "/openapi.json", a.openAPI, ok},

		{get, "/tenants", a.listTenants, ok},
		{post, "/tenants", a.createTenant, created},
		{get, tenantPath, a.getTenant, ok},
		{put, tenantPath, a.replaceTenant, ok},
		{patch, tenantPath, a.patchTenant, ok},
		{del, tenantPath, a.deleteTenant, nothing},
		{post, tenantPath + "/disable", a.disableTenant, ok},
		{post, tenantPath + "/enable", a.enableTenant, ok},

		{get, tenantPath + "/workspaces", a.listWorkspaces, ok},
		{post, tenantPath + "/workspaces", a.createWorkspace, created},
		{get, workspacePath, a.getWorkspace, ok},
		{put, workspacePath, a.replaceWorkspace, ok},
		{patch, workspacePath, a.patchWorkspace, ok},
		{del, workspacePath, a.deleteWorkspace, nothing},
		{post, workspacePath + "/disable", a.disableWorkspace, ok},
		{post, workspacePath + "/enable", a.enableWorkspace, ok},

		{get, workspacePath + "/clients", a.listClients, ok},
		{post, workspacePath + "/clients", a.createClient, created},
		{get, clientPath, a.getClient, ok},
		{put, clientPath, a.replaceClient, ok},
		{patch, clientPath, a.patchClient, ok},
		{del, clientPath, a.deleteClient, nothing},
		{post, clientPath + "/disable", a.disableClient, ok},
		{post, clientPath + "/enable", a.enableClient, ok},
		{post, clientPath + "/rotate-secret", a.rotateSecret, ok},

		{get, workspacePath + "/users", a.listUsers, ok},
		{post, workspacePath + "/users", a.createUser, created},
		{get, userPath, a.getUser, ok},
		{put, userPath, a.replaceUser, ok},
		{patch, userPath, a.patchUser, ok},
		{del, userPath, a.deleteUser, nothing},
		{post, userPath + "/disable", a.disableUser, ok},
		{post, userPath + "/enable", a.enableUser, ok},
		{post, userPath + "/set-password", a.setPassword, ok},
		{post, userPath + "/reset-password", a.resetPassword, ok},
		{post, userPath + "/end-sessions", a.endSessions, ok},

		{get, userPath + "/factors", a.listFactors, ok},
		{del, userPath + "/factors", a.resetFactors, nothing},
		{del, userPath + "/factors/{factor}", a.removeFactor, nothing},
		{get, workspacePath + "/keys", a.listKeys, ok},
		{post, workspacePath + "/keys/rotate", a.rotateKeys, ok},
		{post, workspacePath + "/keys/{key}/retire", a.retireKey, ok},
	}
}
