// Two upstream providers of the authorization server on free ports of the loopback: one where it has a secret, and one where it signs and
// pushes its requests. FRONT is the issuer of the workspace whose users sign in here. The last line of the start says where they are.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const front = process.env.FRONT;

async function key(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: 'sig' };
}

// Its guard against requests to private addresses would keep it from our key set, which is on the loopback here.
const loopback = (url, { dispatcher, ...options }) => globalThis.fetch(url, options);

async function serve(id, alg, client, features) {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [{
      client_id: 'front', redirect_uris: [`${front}/upstream/${id}/callback`], grant_types: ['authorization_code'], response_types: ['code'],
      id_token_signed_response_alg: alg, ...client,
    }],
    jwks: { keys: [await key('RS256'), await key('ES256')] },
    cookies: { keys: [randomBytes(32).toString('hex')] },
    claims: { openid: ['sub'], profile: ['name'], email: ['email', 'email_verified'], acr: null, auth_time: null },
    // Everybody's address is alice's: it must give nobody her account.
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, name: `Name of ${sub}`, email: 'alice@example.test', email_verified: true }) }),
    features: { devInteractions: { enabled: true }, ...features },
    pkce: { required: () => true },
    fetch: loopback,
  });
  provider.on('server_error', (_, error) => { console.error('server_error', error); });
  for (const event of ['grant.error', 'authorization.error', 'pushed_authorization_request.error']) {
    provider.on(event, (_, error) => { console.error(event, error.message, error.error_detail ?? ''); });
  }
  server.on('request', provider.callback());
  return issuer;
}

const secret = await serve('secret', 'RS256', { client_secret: process.env.CLIENT_SECRET }, { pushedAuthorizationRequests: { enabled: false } });
const signed = await serve('signed', 'ES256', {
  token_endpoint_auth_method: 'private_key_jwt', token_endpoint_auth_signing_alg: 'ES256', jwks_uri: `${front}/upstream/signed/jwks`,
}, { pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true } });

console.log(JSON.stringify({ secret, signed }));
