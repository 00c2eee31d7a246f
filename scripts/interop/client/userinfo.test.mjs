// Userinfo and claims: OpenID Connect Core §5.1, §5.3 and §5.4, RFC 6750 §2 and §3.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { basic, signIn } from './lib/clients.mjs';
import { steady } from './lib/house.mjs';
import { form, metadata, read } from './lib/raw.mjs';

const { userinfo_endpoint: endpoint } = await metadata();
const config = await basic();
const all = 'openid profile email address phone';
const { tokens } = await signIn(config, { scope: all });
const bearer = { authorization: `Bearer ${tokens.access_token}` };
const { sub } = tokens.claims();

const get = async (headers, address = endpoint) => read(await fetch(address, { headers }));

test('userinfo by GET, by POST with the header, and by POST with the body', async () => {
  for (const answer of [await get(bearer), await read(await fetch(endpoint, { method: 'POST', headers: bearer })), await form(endpoint, { access_token: tokens.access_token })]) {
    assert.equal(answer.status, 200, answer.text);
    assert.match(answer.headers.get('content-type'), /^application\/json/);
    assert.equal(answer.body.sub, sub);
    assert.equal(answer.body.email, 'alice@example.test');
  }
  assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, sub)).sub, sub);
});

test('every scope brings its claims, with their types', async () => {
  const claims = (await get(bearer)).body;
  assert.equal(claims.name, 'Alice Liddell');
  assert.equal(claims.family_name, 'Liddell');
  assert.equal(claims.email_verified, true);
  assert.equal(claims.address.country, 'GB');
  assert.equal(claims.phone_number, '+44 1865 000000');
  assert.equal(claims.phone_number_verified, true);
  assert.equal(typeof claims.updated_at, 'number');
});

for (const [scope, there, absent] of [
  ['openid', ['sub'], ['name', 'email', 'address', 'phone_number']],
  ['openid profile', ['name', 'preferred_username'], ['email', 'address', 'phone_number']],
  ['openid email', ['email', 'email_verified'], ['name', 'address', 'phone_number']],
  ['openid address', ['address'], ['name', 'email', 'phone_number']],
  ['openid phone', ['phone_number'], ['name', 'email', 'address']],
]) {
  test(`scope "${scope}" brings nothing else`, async () => {
    const few = await signIn(config, { scope });
    const claims = await oidc.fetchUserInfo(config, few.tokens.access_token, few.tokens.claims().sub);
    for (const name of there) assert.ok(name in claims, name);
    for (const name of absent) assert.ok(!(name in claims), name);
  });
}

test('the ID token has no claims that were not asked for in it', () => {
  for (const name of ['name', 'email', 'address', 'phone_number']) assert.ok(!(name in tokens.claims()), name);
});

for (const [what, headers] of [
  ['no token', {}], ['a token of somebody', { authorization: 'Bearer e30.e30.e30' }], ['an ID token', { authorization: `Bearer ${tokens.id_token}` }], ['a refresh token', { authorization: `Bearer ${tokens.refresh_token}` }],
  ['an empty token', { authorization: 'Bearer' }], ['another scheme', { authorization: `Basic ${tokens.access_token}` }], ['a token with its end cut', { authorization: `Bearer ${tokens.access_token.slice(0, -2)}` }],
  ['a token with padding', { authorization: `Bearer ${tokens.access_token}=` }], ['a token without signature', { authorization: `Bearer ${tokens.access_token.replace(/[^.]*$/, '')}` }],
]) {
  test(`${what} is 401 with a challenge`, async () => {
    const answer = await get(headers);
    assert.equal(answer.status, 401);
    assert.match(answer.headers.get('www-authenticate'), /^(Bearer|DPoP)/);
    if (what === 'no token') assert.doesNotMatch(answer.headers.get('www-authenticate'), /error=/, 'RFC 6750 §3.1: no error code for a request without a token');
    else if (what.startsWith('a token')) assert.match(answer.headers.get('www-authenticate'), /error="invalid_token"/);
    assert.doesNotMatch(answer.text, /alice/i);
  });
}

test('a token in the query is not looked at', async () => {
  const answer = await get({}, `${endpoint}?access_token=${tokens.access_token}`);
  assert.ok([400, 401].includes(answer.status), answer.text);
});

test('a token in two places is invalid_request', async () => {
  const answer = await form(endpoint, { access_token: tokens.access_token }, bearer);
  assert.equal(answer.status, 400);
  assert.match(answer.headers.get('www-authenticate'), /error="invalid_request"/);
});

test('a token without the scope openid is insufficient_scope', async () => {
  const plain = await signIn(config, { scope: 'notes.read', nonce: undefined });
  const answer = await get({ authorization: `Bearer ${plain.tokens.access_token}` });
  assert.equal(answer.status, 403);
  assert.match(answer.headers.get('www-authenticate'), /error="insufficient_scope"/);
  assert.equal(plain.tokens.id_token, undefined, 'no ID token without openid');
});

test('a token of another issuer is refused', async () => {
  const far = await signIn(await basic({ issuer: steady, metadata: { id_token_signed_response_alg: 'ES256' } }));
  assert.equal((await get({ authorization: `Bearer ${far.tokens.access_token}` })).status, 401);
});
