// oidc-provider as the benchmark's peer: everything in memory, signing ES256, rotating refresh tokens. It says where it listens on
// standard output and ends with its standard input. POST /seed?count=N answers with authorization codes, one a line.
import { createServer } from 'node:http'
import Provider from 'oidc-provider'
import { exportJWK, generateKeyPair } from 'jose'

const { CHALLENGE: challenge, SECRET: secret } = process.env
const redirect = 'https://app.example/callback'
const api = 'https://api.example'

const { privateKey } = await generateKeyPair('ES256', { extractable: true })
const accounts = { findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }) }

// Held in memory without expiry bookkeeping, like the library's own development store, but bounded by the process's life only: that store
// drops the oldest of a thousand entries.
const held = new Map()
const grants = new Map()
class Memory {
  constructor(name) { this.name = name }
  key(id) { return `${this.name}:${id}` }
  async upsert(id, payload) {
    held.set(this.key(id), payload)
    if (payload.grantId) {
      const of = grants.get(payload.grantId) ?? []
      of.push(this.key(id))
      grants.set(payload.grantId, of)
    }
  }
  async find(id) { return held.get(this.key(id)) }
  async consume(id) { held.get(this.key(id)).consumed = Math.floor(Date.now() / 1000) }
  async destroy(id) { held.delete(this.key(id)) }
  async revokeByGrantId(id) {
    for (const key of grants.get(id) ?? []) held.delete(key)
    grants.delete(id)
  }
}

const server = createServer()
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const origin = `http://localhost:${server.address().port}`
const provider = new Provider(origin, {
  ...accounts,
  adapter: Memory,
  clients: [{
    client_id: 'bench', client_secret: secret, redirect_uris: [redirect], id_token_signed_response_alg: 'ES256',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'], response_types: ['code'],
  }],
  jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  scopes: ['openid', 'offline_access', 'notes.read'],
  cookies: { keys: ['benchmark'] },
  rotateRefreshToken: true,
  issueRefreshToken: async () => true,
  ttl: { AuthorizationCode: 600, AccessToken: 300, ClientCredentials: 300, RefreshToken: 86400, Grant: 86400, IdToken: 300 },
  features: {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    resourceIndicators: {
      enabled: true, defaultResource: () => api, useGrantedResource: () => true,
      getResourceServerInfo: () => ({ scope: 'notes.read', audience: api, accessTokenTTL: 300, accessTokenFormat: 'jwt', jwt: { sign: { alg: 'ES256' } } }),
    },
  },
})
const handle = provider.callback()

async function code(client) {
  const grant = new provider.Grant({ accountId: 'alice', clientId: 'bench' })
  grant.addOIDCScope('openid offline_access')
  grant.addResourceScope(api, 'notes.read')
  const grantId = await grant.save()
  return new provider.AuthorizationCode({
    client, accountId: 'alice', grantId, gty: 'authorization_code', scope: 'openid offline_access notes.read', resource: api, nonce: 'nonce',
    redirectUri: redirect, codeChallenge: challenge, codeChallengeMethod: 'S256', authTime: Math.floor(Date.now() / 1000), sessionUid: 'session', expiresWithSession: false,
  }).save()
}

server.on('request', async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, origin)
  if (pathname !== '/seed') return handle(request, response)
  const client = await provider.Client.find('bench')
  const codes = []
  for (let at = 0; at < Number(searchParams.get('count')); at++) codes.push(await code(client))
  response.end(codes.join('\n'))
})
process.stdin.resume().on('end', () => process.exit(0))
console.log(`${origin}`)
