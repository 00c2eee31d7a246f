//go:build chaos

package chaos

// lifetime of access tokens, in seconds: every pause of that length is one expiry.
const lifetime = 4

const authorizationServer = `
base_url: %[1]s
store: in-the-test
tenants:
  - name: demo
    workspaces:
      - name: baseline
        preset: baseline
        policy: {access_token_lifetime: 4s, refresh_confidential: {rotation: always, grace: 20s}}
        scopes:
          - {name: openid, description: Know who you are}
          - {name: offline_access, description: Stay signed in}
          - {name: notes.read, description: Read your notes, resource: "%[3]s"}
        clients:
          - id: cloakroom
            name: Cloakroom
            uri: %[2]s/
            token_endpoint_auth_method: client_secret_basic
            secret_hash: "sha256:%[4]x"
            redirect_uris: ["%[2]s/bff/callback/baseline"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, offline_access, notes.read]
        users:
          - {username: alice, password: wonderland, claims: {name: Alice}}
`

const backend = `
origin: %[2]s
listen: %[5]s
admin_listen: 127.0.0.1:0
session: {store: sqlite, path: %[6]s}
providers:
  - {id: baseline, issuer: %[1]s/demo/baseline, client_id: cloakroom, client_secret_env: CHAOS_SECRET, scopes: [openid, offline_access, notes.read]}
routes:
  - {prefix: /api/notes, upstream: %[3]s, methods: [GET], resource: "%[3]s", scopes: [notes.read]}
`
