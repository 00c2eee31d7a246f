// Package arch says which part of the tree may import which, and its test holds the tree to it. The reasons are in the
// rules' comments; start with [imports].
package arch

import (
	"slices"
	"strings"
)

const module = "cloakroom/"

// imports says, for each part of the tree, which other parts it may import besides itself; the longest matching prefix
// decides. The standard library is always allowed; "*" allows other modules. bff and authserver share no code: they meet
// over HTTP only, so that each is an independent check of the other. Nothing imports scripts.
var imports = map[string][]string{
	"app":         {"bff/api", "*"},
	"app/backend": {"bff/api"},

	"bff":           {"*"},
	"bff/api":       {},
	"bff/session":   {"*"},
	"bff/plainhttp": {"*"},
	"bff/trace":     {"bff/api"}, // a redactor that anybody can read: no other module
	"bff/cmd":       {"bff", "app", "web", "*"},

	"authserver":          {"*"},
	"authserver/oauth":    {},
	"authserver/store":    {"authserver/oauth", "*"},
	"authserver/account":  {"authserver/store", "authserver/oauth", "*"},
	"authserver/resource": {"authserver/oauth", "authserver/dpop", "authserver/jose", "*"}, // never the server's insides
	"authserver/demoapi":  {"authserver/oauth", "authserver/resource", "authserver/trace", "*"},
	"authserver/trace":    {},

	"web": {},

	"scripts": {"app", "bff", "authserver", "web", "*"},
}

// owners names who alone may import a package or what lies under it: a folder with all below it, a folder's own files (with a
// slash at the end), or files by the end of their name.
var owners = map[string][]string{
	"syscall/js":                             {"app/backend"},
	"github.com/labstack/echo":               {"bff/"},
	"github.com/maxence-charriere/go-app":    {"app", "scripts/page/yardstick"},
	"github.com/alexedwards/scs":             {"bff/session"},
	"github.com/lestrrat-go/jwx":             {"bff/", "authserver", "scripts"},
	"github.com/jackc/pgx":                   {"authserver/store/sqlstore", "scripts"},
	"modernc.org/sqlite":                     {"authserver/store/sqlstore", "authserver/demoapi", "bff/session", "scripts"},
	"github.com/redis/go-redis":              {"bff/session", "scripts"},
	"github.com/chromedp":                    {"scripts"},
	"go.opentelemetry.io/otel":               {"bff/", "bff/cmd"},
	"go.opentelemetry.io/otel/sdk":           {"bff/cmd", "_test.go"}, // the package makes spans; the program says where they go
	"go.opentelemetry.io/otel/exporters":     {"bff/cmd", "_test.go"},
	"go.opentelemetry.io/proto":              {"_test.go"},
	"github.com/go-webauthn":                 {"authserver/factor"},
	"github.com/descope/virtualwebauthn":     {"_test.go"}, // a software authenticator
	"rsc.io/qr":                              {"authserver/factor"},
	"golang.org/x/oauth2":                    {"authserver/flow_test.go", "scripts"}, // someone else's client
	"github.com/coreos/go-oidc":              {"authserver/flow_test.go", "scripts"},
	"github.com/getkin/kin-openapi":          {"_test.go"},         // someone else's reading of our document
	"cloakroom/app/text/english":             {"app/", "_test.go"}, // the screens speak any language; and a new word compiles nothing else
	"net/http/httptest":                      {"_test.go", "app"},
	"net/http/pprof":                         {},
	"expvar":                                 {},
	"math/rand":                              {},
	"math/rand/v2":                           {"_test.go"},
	"github.com/labstack/echo/v4/middleware": {},
}

// worldly are the functions that touch the world: only programs (cmd, scripts) and tests call them, so that a package can
// be tested and composed without a file, an environment or a port.
var worldly = map[string][]string{
	"os": {"Getenv", "LookupEnv", "Environ", "Open", "OpenFile", "Create", "ReadFile", "WriteFile", "Exit"},
	"net": {
		"Listen", "ListenTCP", "ListenPacket",
	},
	"net/http": {"ListenAndServe", "ListenAndServeTLS", "Get", "Post", "PostForm", "Head"},
}

// mayImport reports whether the file, by its path in the tree, may import the package.
func mayImport(file, imported string) bool {
	return allowed(folder(file), imported) && owned(file, imported)
}

func folder(file string) string {
	if cut := strings.LastIndexByte(file, '/'); cut >= 0 {
		return file[:cut]
	}
	return ""
}

func allowed(dir, imported string) bool {
	part := longestPrefix(dir)
	if part == "" {
		return false
	}
	if local, ok := strings.CutPrefix(imported, module); ok {
		return slices.ContainsFunc(append([]string{part}, imports[part]...), func(prefix string) bool { return under(local, prefix) })
	}
	host, _, _ := strings.Cut(imported, "/")
	return !strings.Contains(host, ".") || slices.Contains(imports[part], "*")
}

func owned(file, imported string) bool {
	for pkg, parts := range owners {
		if under(imported, pkg) && !slices.ContainsFunc(parts, func(part string) bool { return owns(part, file) }) {
			return false
		}
	}
	return true
}

func owns(part, file string) bool {
	switch {
	case strings.HasSuffix(part, ".go"):
		return strings.HasSuffix(file, part)
	case strings.HasSuffix(part, "/"):
		return folder(file)+"/" == part
	default:
		return under(file, part)
	}
}

// mayTouch reports whether the file may call the function of the package. What owns a database driver also owns the file that
// it keeps: it makes one that only its owner reads.
func mayTouch(file, pkg, function string) bool {
	if pkg == "os" && function == "OpenFile" && owned(file, "modernc.org/sqlite") {
		return true
	}
	program := strings.HasPrefix(file, "scripts/") || strings.Contains(file, "/cmd/") || strings.HasSuffix(file, "_test.go")
	return program || !slices.Contains(worldly[pkg], function)
}

func longestPrefix(dir string) string {
	longest := ""
	for prefix := range imports {
		if under(dir, prefix) && len(prefix) > len(longest) {
			longest = prefix
		}
	}
	return longest
}

func under(path, prefix string) bool { return path == prefix || strings.HasPrefix(path, prefix+"/") }
