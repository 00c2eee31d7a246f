package main

import "cloakroom/authserver"

// The environment of authserver admin, besides authserver.EnvAdminToken.
const (
	envAdminURL  = "AUTHSERVER_ADMIN_URL"
	defaultAdmin = "http://127.0.0.1:9091"
)

const adminHelp = `authserver admin changes a server that runs, through its admin API.

    authserver admin RESOURCE ACTION [NAME] [flags]

Resources and what can be done with them:

    tenants      list, get, create, replace, change, disable, enable, delete
    workspaces   list, get, create, replace, change, disable, enable, delete
    clients      list, get, create, replace, change, disable, enable, delete, rotate-secret
    users        list, get, create, replace, change, disable, enable, delete, set-password, reset-password, end-sessions
    factors      list, delete, reset: the passkeys and authenticator apps of a user, one or all of them
    keys         list, rotate, retire
    openapi      get: the description of the API

NAME is the tenant's or workspace's name, the client_id, the user name or subject, the factor's id, or the kid.

Where, and as whom:

    --url URL             the admin listener; or ` + envAdminURL + `; default ` + defaultAdmin + `
    --token-file FILE     has the token; or the token itself in ` + authserver.EnvAdminToken + `
    --cert-file, --key-file FILE   a client certificate instead of a token (PEM)
    --ca-file FILE        the authority of the listener's certificate, if it is not the system's (PEM)

What:

    --tenant NAME         for all but tenants
    --workspace NAME      for clients, users, factors and keys
    --user NAME           for factors: the user name or subject
    -f, --file FILE       the document to create, replace or change by: YAML or JSON with the keys of the configuration file; - is
                          standard input. change takes a merge patch: null takes a key away.
    --set KEY=VALUE       one key of it, more than once for more; the value is YAML
    --query TEXT          of users list: only names that begin with it
    --overlap DURATION    of rotate-secret: how long the old secret is good still; default 24h
    --password-file FILE  of set-password: has the password; - is standard input
    --if-match ETAG       only if this is the version still; without it, the version at the moment
    -o, --output FORMAT   table (default) or json

It ends with 0; 1 when the server refuses; 2 when the command is wrong; 3 when the server does not answer.

    authserver admin clients list --tenant demo --workspace baseline
    authserver admin clients create --tenant demo --workspace baseline -f client.yaml
    authserver admin clients rotate-secret batch --tenant demo --workspace baseline --overlap 1h
    authserver admin users disable carol --tenant demo --workspace baseline
    authserver admin factors reset --user carol --tenant demo --workspace baseline
`
