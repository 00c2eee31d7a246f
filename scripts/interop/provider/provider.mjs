// Two providers on free ports of the loopback: one plain, one with FAPI 2.0 (pushed requests, private_key_jwt, DPoP with a nonce of
// the server's). BFF is the origin of the client. The last line of the start says where they are.
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { exportJWK, generateKeyPair } from 'jose';
import { Provider } from 'oidc-provider';

const bff = process.env.BFF;

async function key(alg) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, use: 'sig' };
}

// Its guard against requests to private addresses would keep it from the BFF, which is on the loopback here.
const loopback = (url, { dispatcher, ...options }) => globalThis.fetch(url, options);

const common = (id) => ({
  redirect_uris: [`${bff}/bff/callback/${id}`],
  post_logout_redirect_uris: [`${bff}/`],
  backchannel_logout_uri: `${bff}/bff/backchannel-logout/${id}`,
  backchannel_logout_session_required: true,
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
});

const settings = async (client, features, more) => ({
  clients: [client],
  cookies: { keys: [randomBytes(32).toString('hex')] },
  claims: { openid: ['sub'], profile: ['name'] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `Name of ${id}` }) }),
  features: {
    devInteractions: { enabled: true },
    backchannelLogout: { enabled: true },
    revocation: { enabled: true },
    introspection: { enabled: true },
    rpInitiatedLogout: { enabled: true },
    ...features,
  },
  issueRefreshToken: () => true,
  fetch: loopback,
  ...more,
});

async function serve(configure) {
  const server = createServer();
  await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const issuer = `http://localhost:${server.address().port}`;
  const provider = new Provider(issuer, await configure());
  provider.on('server_error', (_, error) => { console.error('server_error', error); });
  for (const event of ['grant.error', 'authorization.error', 'pushed_authorization_request.error', 'backchannel.error']) {
    provider.on(event, (_, error) => { console.error(event, error.message, error.error_detail ?? ''); });
  }
  server.on('request', provider.callback());
  return issuer;
}

const plain = await serve(async () => settings(
  { client_id: 'cloakroom', client_secret: process.env.CLIENT_SECRET, ...common('plain') },
  { pushedAuthorizationRequests: { enabled: false } },
  { jwks: { keys: [await key('RS256')] }, rotateRefreshToken: true, pkce: { required: () => true } },
));

const fapi2 = await serve(async () => settings(
  {
    client_id: 'cloakroom-fapi2',
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    jwks_uri: `${bff}/bff/jwks.json`,
    id_token_signed_response_alg: 'PS256',
    dpop_bound_access_tokens: true,
    ...common('fapi2'),
  },
  {
    fapi: { enabled: true, profile: '2.0' },
    dPoP: { enabled: true, nonceSecret: randomBytes(32), requireNonce: () => true },
    pushedAuthorizationRequests: { enabled: true, requirePushedAuthorizationRequests: true },
  },
  {
    jwks: { keys: [await key('PS256'), await key('ES256')] },
    clientAuthMethods: ['private_key_jwt'],
    enabledJWA: {
      clientAuthSigningAlgValues: ['ES256', 'PS256'],
      idTokenSigningAlgValues: ['PS256', 'ES256'],
      dPoPSigningAlgValues: ['ES256'],
    },
    pkce: { required: () => true },
  },
));

console.log(JSON.stringify({ plain, fapi2 }));
