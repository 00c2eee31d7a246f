package authserver_test

const (
	callback    = "https://app.example/callback"
	afterLogout = "https://app.example/bye"
	apiResource = "https://api.example/"
	webSecret   = "a-secret-of-the-web-client"
	verifier    = "dBjftJeZ4CVP-mBR92K3oqMA1jD6iqlT9BpHvQy6mX8zabcd"
)

// configuration is the workspace that the tests run against.
const configuration = `
store: unused
tenants:
  - name: demo
    workspaces:
      - name: baseline
        title: The test house
        notice: "Demo users: alice"
        scopes:
          - {name: notes.read, description: Read your notes, resource: "https://api.example/"}
          - {name: notes.write, description: Change your notes, resource: "https://api.example/"}
          - {name: other.read, description: Read the other, resource: "https://other.example/"}
          - {name: vault.read, description: Read the vault, resource: "https://vault.example/", access_token_format: opaque}
        clients:
          - id: web
            name: The web app
            uri: https://app.example/
            secret_hash: sha256:$WEB
            redirect_uris: ["https://app.example/callback", "https://app.example/second?keep=this"]
            post_logout_redirect_uris: ["https://app.example/bye"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, profile, email, address, phone, offline_access, notes.read, notes.write, other.read, vault.read]
            id_token_claims: [name]
          - id: other
            name: Another app
            token_endpoint_auth_method: client_secret_post
            secret_hash: sha256:$WEB
            redirect_uris: ["https://other.example/callback"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, notes.read]
          - id: spa
            name: A public app
            token_endpoint_auth_method: none
            redirect_uris: ["https://spa.example/callback"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, notes.read]
          - id: vault-api
            secret_hash: sha256:$WEB
            resources: ["https://vault.example/"]
          - id: notes-api
            secret_hash: sha256:$WEB
            resources: ["https://api.example/"]
          - id: signed
            token_endpoint_auth_method: client_secret_post
            secret_hash: sha256:$WEB
            redirect_uris: ["https://signed.example/callback"]
            response_modes: [query]
            scopes: [openid, profile]
            userinfo_signed_response_alg: RS256
          - id: native
            name: A public app that proves its key
            token_endpoint_auth_method: none
            redirect_uris: ["https://native.example/callback"]
            grant_types: [authorization_code, refresh_token]
            scopes: [openid, notes.read]
            dpop_bound_access_tokens: true
          - id: pusher
            token_endpoint_auth_method: client_secret_post
            secret_hash: sha256:$WEB
            redirect_uris: ["https://pusher.example/callback"]
            scopes: [openid]
            require_pushed_authorization_requests: true
          - id: signer
            token_endpoint_auth_method: private_key_jwt
            jwks: {keys: [$SIGNER]}
            redirect_uris: ["https://signer.example/callback"]
            grant_types: [authorization_code, refresh_token, client_credentials]
            scopes: [openid, notes.read]
            default_scopes: [notes.read]
          - id: trusted
            name: The house's own
            trusted: true
            secret_hash: sha256:$WEB
            redirect_uris: ["https://trusted.example/callback"]
            scopes: [openid]
          - id: docs-client
            token_endpoint_auth_method: client_secret_post
            secret_hash: sha256:$WEB
            redirect_uris: ["http://localhost:8080/docs/callback"]
            scopes: [openid, notes.read]
            default_scopes: [openid, notes.read]
            pkce: optional
          - id: machine
            secret_hash: sha256:$WEB
            grant_types: [client_credentials]
            scopes: [openid, notes.read, other.read]
            default_scopes: [notes.read]
        users:
          - {username: alice, password: wonderland, claims: {name: Alice Liddell, email: alice@example.test, email_verified: true, phone_number: "+44 1865 000000", address: {locality: Oxford}}}
          - {username: bob, password: builder, claims: {name: Bob}}
      - name: fapi2
        preset: fapi2
        policy: {access_token_signing_alg: ES256, id_token_signing_alg: ES256}
        scopes:
          - {name: notes.read, description: Read your notes, resource: "https://api.example/"}
        clients:
          - id: signer
            name: The bank
            token_endpoint_auth_method: private_key_jwt
            jwks: {keys: [$SIGNER]}
            redirect_uris: ["https://app.example/callback"]
            grant_types: [authorization_code, refresh_token, client_credentials]
            scopes: [openid, profile, notes.read]
            dpop_bound_access_tokens: true
        users:
          - {username: alice, password: wonderland, claims: {name: Alice}}
      - name: second
        policy: {id_token_signing_alg: ES256}
        clients:
          - id: web
            secret_hash: sha256:$WEB
            redirect_uris: ["https://app.example/callback"]
            scopes: [openid]
        users:
          - {username: alice, password: wonderland}
`
