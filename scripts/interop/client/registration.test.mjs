// Clients that register themselves: RFC 7591 by openid-client and oauth4webapi, and RFC 7592 by requests as the RFC has them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { baseline, callback, issuerOf, keys, secret } from './lib/house.mjs';
import { signIn, signingKey } from './lib/clients.mjs';
import { insecure, metadata, read } from './lib/raw.mjs';

const open = issuerOf('open');
const invited = issuerOf('invited');
const fapi = issuerOf('open-fapi2');
const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks];
const described = { client_name: 'A client of its own', redirect_uris: [callback], grant_types: ['authorization_code', 'refresh_token'], scope: 'openid profile' };

const { kty, crv, x, y, n, e, kid, alg } = keys.ES256;
const publicKey = Object.fromEntries(Object.entries({ kty, crv, x, y, n, e, kid, alg }).filter(([, value]) => value !== undefined));

const register = (issuer, given, options = {}, authentication) =>
  oidc.dynamicClientRegistration(new URL(issuer), given, authentication, { execute, ...options });

// manage is RFC 7592 §2: what the client does with its own registration.
async function manage(client, method, body) {
  const headers = { authorization: `Bearer ${client.registration_access_token}`, ...(body && { 'content-type': 'application/json' }) };
  return read(await fetch(client.registration_client_uri, { method, headers, body: body && JSON.stringify(body) }));
}

async function said(promise, code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.error ?? error.cause?.error, code, `${error} ${JSON.stringify(error.cause ?? '')}`);
    return true;
  });
}

// Each takes the secret that the registration has given.
const methods = { client_secret_basic: oidc.ClientSecretBasic(), client_secret_post: oidc.ClientSecretPost(), none: oidc.None() };

for (const [method, authentication] of Object.entries(methods)) {
  test(`a client that registers itself with ${method} signs its user in, who is asked each time`, async () => {
    const config = await register(open, { ...described, token_endpoint_auth_method: method, id_token_signed_response_alg: 'ES256' }, {}, authentication);
    const client = config.clientMetadata();
    assert.equal(client.token_endpoint_auth_method, method);
    assert.equal(client.client_secret === undefined, method === 'none');
    const first = await signIn(config, { scope: 'openid profile' });
    assert.equal((await oidc.fetchUserInfo(config, first.tokens.access_token, first.tokens.claims().sub)).name, 'Alice Liddell');
    const second = await signIn(config, { scope: 'openid profile' }, { browser: first.browser });
    assert.ok(second.asked.includes('consent'), `asked for ${second.asked}`);
    const renewed = await oidc.refreshTokenGrant(config, first.tokens.refresh_token);
    assert.ok(renewed.access_token);
  });
}

test('a client that registers its keys signs its user in', async () => {
  const given = { ...described, token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicKey] }, id_token_signed_response_alg: 'ES256' };
  const config = await register(open, given, {}, oidc.PrivateKeyJwt(await signingKey('ES256')));
  assert.equal(config.clientMetadata().client_secret, undefined);
  const { tokens } = await signIn(config, { scope: 'openid profile' });
  assert.equal(tokens.claims().iss, open);
});

test('oauth4webapi registers as well', async () => {
  const as = await metadata(open);
  const response = await oauth.dynamicClientRegistrationRequest(as, described, insecure);
  const client = await oauth.processDynamicClientRegistrationResponse(response);
  assert.equal(client.client_secret_expires_at, 0);
  assert.equal(client.scope, 'openid profile');
});

test('an initial access token is needed where the workspace says so', async () => {
  const config = await register(invited, described, { initialAccessToken: secret });
  assert.ok(config.clientMetadata().client_id);
  for (const initialAccessToken of [undefined, `${secret}x`]) {
    await assert.rejects(register(invited, described, { initialAccessToken }), (error) => {
      assert.equal(error.status, 401, `${error}`);
      return true;
    });
  }
});

test('nobody registers where the workspace does not say so', async () => {
  const as = await metadata(baseline);
  assert.equal(as.registration_endpoint, undefined);
  const answer = await fetch(`${baseline}/oauth2/register`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(described) });
  assert.equal(answer.status, 404);
});

test('what the policy does not have is refused by its code', async () => {
  await said(register(open, { ...described, redirect_uris: ['https://evil.example/cb'] }), 'invalid_redirect_uri');
  await said(register(open, { ...described, redirect_uris: ['http://app.example/cb'] }), 'invalid_redirect_uri');
  await said(register(open, { ...described, scope: 'openid offline_access' }), 'invalid_client_metadata');
  await said(register(open, { ...described, grant_types: ['client_credentials'] }), 'invalid_client_metadata');
  await said(register(open, { ...described, software_statement: 'a.b.c' }), 'invalid_software_statement');
});

test('the FAPI preset takes keys and bound tokens, and nothing less', async () => {
  const given = { redirect_uris: [callback], token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [publicKey] }, dpop_bound_access_tokens: true, id_token_signed_response_alg: 'PS256' };
  const config = await register(fapi, given, {}, oidc.PrivateKeyJwt(await signingKey('ES256')));
  assert.equal(config.clientMetadata().dpop_bound_access_tokens, true);
  await said(register(fapi, described), 'invalid_client_metadata');
  await said(register(fapi, { ...given, dpop_bound_access_tokens: false }), 'invalid_client_metadata');
});

test('a client reads, replaces and deletes its own registration', async () => {
  const client = (await register(open, described)).clientMetadata();
  const found = await manage(client, 'GET');
  assert.equal(found.status, 200, found.text);
  assert.equal(found.body.client_name, described.client_name);
  assert.equal(found.body.registration_access_token, client.registration_access_token);
  const { registration_access_token, registration_client_uri, client_secret_expires_at, client_id_issued_at, ...own } = found.body;
  const replaced = await manage(client, 'PUT', { ...own, client_name: 'Another name', client_secret: client.client_secret });
  assert.equal(replaced.status, 200, replaced.text);
  assert.equal(replaced.body.client_name, 'Another name');
  assert.notEqual(replaced.body.registration_access_token, client.registration_access_token);
  assert.equal((await manage(client, 'GET')).status, 401, 'the token before is good no more');
  const now = { ...client, registration_access_token: replaced.body.registration_access_token };
  assert.equal((await manage(now, 'PUT', { ...own, client_id: 'another' })).status, 400);
  assert.equal((await manage({ ...now, registration_client_uri: `${open}/oauth2/register/another` }, 'GET')).status, 401);
  const gone = await manage(now, 'DELETE');
  assert.equal(gone.status, 204, gone.text);
  assert.equal((await manage(now, 'GET')).status, 401);
});
