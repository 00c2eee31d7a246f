package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"slices"
	"strings"
)

// Exit codes of authserver admin.
const (
	exitRefused     = 1
	exitUsage       = 2
	exitUnreachable = 3
)

// exitError is an error with the code that the program ends with.
type exitError struct {
	code int
	error
}

func (e *exitError) Unwrap() error { return e.error }

func exitCode(err error) int {
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	return exitRefused
}

func misused(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Errorf(format+"; authserver admin help says more", args...)}
}

// values is a flag that may be given more than once.
type values []string

func (v *values) String() string { return strings.Join(*v, " ") }

// Set is of flag.Value.
func (v *values) Set(text string) error {
	*v = append(*v, text)
	return nil
}

// adminCommand is what the arguments say.
type adminCommand struct {
	resource, action, name string

	url, tokenFile, certFile, keyFile, caFile string
	tenant, workspace, user                   string
	file                                      string
	set                                       values
	query, overlap, passwordFile, ifMatch     string
	output                                    string

	given map[string]bool // the flags that were given

	stdin io.Reader
}

// resources are the actions on each resource.
var resources = map[string][]string{
	"tenants":    {"list", "get", "create", "replace", "change", "disable", "enable", "delete"},
	"workspaces": {"list", "get", "create", "replace", "change", "disable", "enable", "delete"},
	"clients":    {"list", "get", "create", "replace", "change", "disable", "enable", "delete", "rotate-secret"},
	"users":      {"list", "get", "create", "replace", "change", "disable", "enable", "delete", "set-password", "reset-password", "end-sessions"},
	"factors":    {"list", "delete", "reset"},
	"keys":       {"list", "rotate", "retire"},
	"openapi":    {"get"},
}

// unnamed are the actions that are not on one thing.
var unnamed = []string{"list", "create", "rotate", "reset"}

func admin(ctx context.Context, args []string, getenv func(string) string, stdin io.Reader, stdout io.Writer) error {
	if len(args) == 0 || slices.Contains([]string{"help", "-h", "-help", "--help"}, args[0]) {
		_, err := io.WriteString(stdout, adminHelp)
		if len(args) == 0 {
			err = misused("authserver admin needs a resource and an action")
		}
		return err
	}
	command, err := parseAdmin(args)
	if errors.Is(err, flag.ErrHelp) {
		_, err := io.WriteString(stdout, adminHelp)
		return err
	}
	if err != nil {
		return err
	}
	command.stdin = stdin
	caller, err := newCaller(command, getenv)
	if err != nil {
		return err
	}
	return command.run(ctx, caller, stdout)
}

func parseAdmin(args []string) (*adminCommand, error) {
	c := &adminCommand{given: map[string]bool{}}
	flags := flag.NewFlagSet("authserver admin", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	for name, into := range map[string]*string{
		"url": &c.url, "token-file": &c.tokenFile, "cert-file": &c.certFile, "key-file": &c.keyFile, "ca-file": &c.caFile,
		"tenant": &c.tenant, "workspace": &c.workspace, "user": &c.user, "file": &c.file, "f": &c.file, "query": &c.query, "overlap": &c.overlap,
		"password-file": &c.passwordFile, "if-match": &c.ifMatch, "output": &c.output, "o": &c.output,
	} {
		flags.StringVar(into, name, "", "")
	}
	flags.Var(&c.set, "set", "")
	var words []string
	for len(args) > 0 { // flags may come before, between and after the words
		if err := flags.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				return nil, err
			}
			return nil, misused("%v", err)
		}
		args = flags.Args()
		if len(args) > 0 {
			words, args = append(words, args[0]), args[1:]
		}
	}
	flags.Visit(func(f *flag.Flag) { c.given[f.Name] = true })
	return c, c.check(words)
}

func (c *adminCommand) check(words []string) error {
	if len(words) > 0 {
		c.resource = words[0]
	}
	if len(words) > 1 {
		c.action = words[1]
	}
	if len(words) > 2 {
		c.name = words[2]
	}
	actions, known := resources[c.resource]
	needsName := !slices.Contains(unnamed, c.action) && c.resource != "openapi"
	switch {
	case !known:
		return misused("there is no resource %q: %s", c.resource, strings.Join(slices.Sorted(maps.Keys(resources)), ", "))
	case !slices.Contains(actions, c.action):
		return misused("%s have no action %q: %s", c.resource, c.action, strings.Join(actions, ", "))
	case len(words) > 3:
		return misused("%q is one word too many", words[3])
	case needsName && c.name == "":
		return misused("%s %s needs a name", c.resource, c.action)
	case !needsName && c.name != "":
		return misused("%s %s takes no name", c.resource, c.action)
	case c.tenant == "" && c.resource != "tenants" && c.resource != "openapi":
		return misused("%s need --tenant", c.resource)
	case c.workspace == "" && slices.Contains([]string{"clients", "users", "factors", "keys"}, c.resource):
		return misused("%s need --workspace", c.resource)
	case (c.user == "") == (c.resource == "factors"):
		return misused("--user is for factors, which need it")
	case !slices.Contains([]string{"", "table", "json"}, c.output):
		return misused("--output is table or json")
	case (c.file == "" && len(c.set) == 0) == slices.Contains([]string{"create", "replace", "change"}, c.action):
		return misused("--file and --set are for create, replace and change, which need one of them")
	case (c.passwordFile == "") == (c.action == "set-password"):
		return misused("--password-file is for set-password, which needs it")
	case c.query != "" && (c.resource != "users" || c.action != "list"):
		return misused("--query is for users list")
	case c.overlap != "" && c.action != "rotate-secret":
		return misused("--overlap is for rotate-secret")
	}
	return nil
}

// collection is the path of what the resource's names are in.
func (c *adminCommand) collection() string {
	switch c.resource {
	case "tenants":
		return "/tenants"
	case "workspaces":
		return "/tenants/" + url.PathEscape(c.tenant) + "/workspaces"
	case "openapi":
		return "/openapi.json"
	case "factors":
		return c.place() + "/users/" + url.PathEscape(c.user) + "/factors"
	default:
		return c.place() + "/" + c.resource
	}
}

// place is the path of the workspace.
func (c *adminCommand) place() string {
	return "/tenants/" + url.PathEscape(c.tenant) + "/workspaces/" + url.PathEscape(c.workspace)
}

// readInput reads a file, or standard input for -.
func (c *adminCommand) readInput(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(c.stdin)
	}
	return os.ReadFile(path) //nolint:gosec // the operator names it
}
