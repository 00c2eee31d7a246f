// Introspection: RFC 7662 §2, and the signed answer of RFC 9701; security row K03. Only the client of a token, or an audience of
// it, learns anything.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { basic, signIn } from './lib/clients.mjs';
import { baseline, notes, opaque, steady } from './lib/house.mjs';
import { basicHeader, form, metadata, refused } from './lib/raw.mjs';

const as = await metadata();
const { introspection_endpoint: endpoint } = as;
const config = await basic();
const { tokens } = await signIn(config, { scope: 'openid notes.read' });
const ask = (token, id = 'basic', headers = {}) => form(endpoint, { token }, { ...basicHeader(id), ...headers });

function inactive(answer) {
  assert.equal(answer.status, 200, answer.text);
  assert.deepEqual(answer.body, { active: false });
}

test('the client learns what its access token is', async () => {
  const said = await oidc.tokenIntrospection(config, tokens.access_token);
  assert.equal(said.active, true);
  assert.equal(said.iss, baseline);
  assert.equal(said.client_id, 'basic');
  assert.equal(said.sub, tokens.claims().sub);
  assert.ok(said.scope.split(' ').includes('notes.read'));
  assert.ok(said.exp > said.iat && said.jti);
  assert.ok([said.aud].flat().includes(notes));
  assert.match(said.token_type, /^bearer$/i);
});

test('the client learns what its refresh token is', async () => {
  const said = await oidc.tokenIntrospection(config, tokens.refresh_token, { token_type_hint: 'refresh_token' });
  assert.equal(said.active, true);
  assert.equal(said.client_id, 'basic');
});

test('the resource server that a token is for learns what it is', async () => {
  const answer = await ask(tokens.access_token, 'notes-api');
  assert.equal(answer.body.active, true, answer.text);
  assert.equal(answer.body.sub, tokens.claims().sub);
});

test('nobody else learns anything', async () => {
  for (const id of ['narrow', 'machine', 'other-api']) {
    inactive(await ask(tokens.access_token, id));
    inactive(await ask(tokens.refresh_token, id));
  }
  inactive(await ask(tokens.refresh_token, 'notes-api'));
});

test('a hint that is wrong or unknown does not matter', async () => {
  for (const hint of ['refresh_token', 'something']) {
    assert.equal((await oidc.tokenIntrospection(config, tokens.access_token, { token_type_hint: hint })).active, true);
  }
});

test('what is no token, changed, expired, revoked or of another issuer is inactive, and nothing more is said', async () => {
  const far = await signIn(await basic({ issuer: steady, metadata: { id_token_signed_response_alg: 'ES256' } }));
  const gone = await signIn(config);
  await oidc.tokenRevocation(config, gone.tokens.refresh_token);
  const spent = await signIn(config);
  await oidc.refreshTokenGrant(config, spent.tokens.refresh_token);
  for (const token of ['nonsense', `${tokens.access_token}x`, tokens.access_token.slice(0, -2), tokens.id_token, far.tokens.access_token, far.tokens.refresh_token, gone.tokens.access_token, gone.tokens.refresh_token]) {
    inactive(await ask(token));
  }
});

test('who does not authenticate learns nothing', async () => {
  refused(await form(endpoint, { token: tokens.access_token }), 'invalid_client');
  refused(await form(endpoint, { token: tokens.access_token }, basicHeader('basic', 'wrong-wrong-wrong-wrong')), 'invalid_client');
  const open = await form(endpoint, { token: tokens.access_token, client_id: 'public' });
  assert.ok(open.status === 401 || open.body.active === false, open.text);
});

test('a missing and a repeated token are invalid_request', async () => {
  refused(await form(endpoint, {}, basicHeader()), 'invalid_request');
  refused(await form(endpoint, [['token', 'a'], ['token', 'b']], basicHeader()), 'invalid_request');
});

test('the answer as a JWT says the same, to the same people', async () => {
  const accept = { accept: 'application/token-introspection+jwt' };
  const answer = await ask(tokens.access_token, 'notes-api', accept);
  assert.match(answer.headers.get('content-type'), /^application\/token-introspection\+jwt/);
  const jwks = jose.createLocalJWKSet(await (await fetch(as.jwks_uri)).json());
  const { payload } = await jose.jwtVerify(answer.text, jwks, { issuer: baseline, audience: 'notes-api', typ: 'token-introspection+jwt' });
  assert.equal(payload.token_introspection.active, true);
  assert.equal(payload.token_introspection.sub, tokens.claims().sub);
  assert.equal(payload.sub, undefined, 'RFC 9701 §5: not to be taken for another token');
  assert.equal(payload.exp, undefined);
  const foreign = await ask(tokens.access_token, 'other-api', accept);
  const said = foreign.headers.get('content-type').startsWith('application/json') ? foreign.body : (await jose.jwtVerify(foreign.text, jwks, { audience: 'other-api' })).payload.token_introspection;
  assert.deepEqual(said, { active: false });
});

test('an opaque access token works at userinfo, is introspected by its resource server, and is dead when it is revoked', async () => {
  const far = await basic({ issuer: opaque });
  const { tokens: secret } = await signIn(far, { scope: 'openid profile notes.read' });
  assert.ok(!secret.access_token.includes('eyJ'));
  assert.equal((await oidc.fetchUserInfo(far, secret.access_token, secret.claims().sub)).name, 'Alice Liddell');
  const { introspection_endpoint: where } = await metadata(opaque);
  const said = (await form(where, { token: secret.access_token }, basicHeader('notes-api'))).body;
  assert.equal(said.active, true);
  assert.equal(said.aud, notes);
  for (const bad of [secret.access_token.slice(0, -1), `${secret.access_token}A`, secret.access_token.toUpperCase()]) inactive(await form(where, { token: bad }, basicHeader('notes-api')));
  await oidc.tokenRevocation(far, secret.access_token);
  inactive(await form(where, { token: secret.access_token }, basicHeader('notes-api')));
  await assert.rejects(oidc.fetchUserInfo(far, secret.access_token, secret.claims().sub));
});
