// The FAPI 2.0 Security Profile (Final), section by section, at a workspace with the preset fapi2. The library goes through the
// profile as its client side has it; the rest is what the profile forbids.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { discover, signIn, signingKey, Attempt } from './lib/clients.mjs';
import { Browser } from './lib/browser.mjs';
import { assertion, credentials, now } from './lib/assertion.mjs';
import { pair, proof } from './lib/dpop.mjs';
import { app, bye, callback, fapi2, notes, secret } from './lib/house.mjs';
import { basicHeader, form, insecure, metadata, read, refused } from './lib/raw.mjs';

const as = await metadata(fapi2);
const [algorithm] = as.id_token_signing_alg_values_supported;

async function client(id = 'fapi-es256') {
  const signing = id.endsWith('ps256') ? 'PS256' : 'ES256';
  return discover(id, oidc.PrivateKeyJwt(await signingKey(signing)), { issuer: fapi2, metadata: { id_token_signed_response_alg: algorithm, token_endpoint_auth_signing_alg: signing } });
}

async function profile(config, parameters) {
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  return { ...(await signIn(config, parameters, { par: true, dpop })), dpop };
}

const own = async (claims) => credentials(await assertion('fapi-es256', { claims: { aud: fapi2, ...claims } }));
const nonceOf = async () => {
  const answer = await form(as.token_endpoint, { grant_type: 'refresh_token', refresh_token: 'x', ...(await own()) }, { dpop: await proof(await pair(), { url: as.token_endpoint }) });
  return answer.headers.get('dpop-nonce');
};
const pushed = { response_type: 'code', client_id: 'fapi-es256', redirect_uri: callback, scope: 'openid', code_challenge: await oidc.calculatePKCECodeChallenge('v'.repeat(43)), code_challenge_method: 'S256' };
const push = async (changes = {}, authentication) => {
  const fields = { ...pushed, ...(authentication ?? (await own())), ...changes };
  for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
  return form(as.pushed_authorization_request_endpoint, fields);
};

test('§5.3.2.1 (1): the metadata says what the profile is', () => {
  assert.equal(as.issuer, fapi2);
  assert.equal(as.require_pushed_authorization_requests, true);
  assert.ok(as.pushed_authorization_request_endpoint);
  assert.deepEqual(as.response_types_supported, ['code']);
  assert.deepEqual(as.code_challenge_methods_supported, ['S256']);
  assert.equal(as.authorization_response_iss_parameter_supported, true);
  for (const method of as.token_endpoint_auth_methods_supported) assert.ok(['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'].includes(method), method);
  for (const name of ['id_token_signing_alg_values_supported', 'token_endpoint_auth_signing_alg_values_supported', 'dpop_signing_alg_values_supported']) {
    for (const value of as[name]) assert.ok(['PS256', 'ES256', 'EdDSA', 'Ed25519'].includes(value), `${name}: ${value} (§5.4.1)`);
  }
  assert.ok(!as.grant_types_supported.includes('password') && !as.grant_types_supported.includes('implicit'));
});

for (const id of ['fapi-es256', 'fapi-ps256']) {
  test(`the whole profile by openid-client: ${id}`, async () => {
    const config = await client(id);
    const { tokens, answer, dpop, browser } = await profile(config, { scope: 'openid profile notes.read' });
    assert.equal(tokens.token_type, 'dpop');
    assert.equal(answer.searchParams.get('iss'), fapi2);
    const claims = tokens.claims();
    assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, claims.sub, { DPoP: dpop })).name, 'Alice Liddell');
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
    assert.equal(next.token_type, 'dpop');
    const page = await browser.get(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 'x' }));
    assert.equal(page.answer.href, `${bye}?state=x`);
    await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop }));
  });
}

test('§5.3.2.1 (9): refresh tokens are not rotated', async () => {
  const config = await client();
  const { tokens, dpop } = await profile(config);
  for (let round = 0; round < 2; round++) {
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
    assert.ok(next.refresh_token === undefined || next.refresh_token === tokens.refresh_token);
  }
});

test('§5.3.2.1 (4) and §5.3.4: every access token is bound, and a resource server can hold it to that', async () => {
  const config = await client();
  const keys = await oidc.randomDPoPKeyPair('ES256');
  const { tokens } = await signIn(config, { scope: 'openid notes.read' }, { par: true, dpop: oidc.getDPoPHandle(config, keys) });
  const url = 'https://notes.example/notes';
  const check = async (by) =>
    oauth.validateJwtAccessToken(as, new Request(url, { headers: { authorization: `DPoP ${tokens.access_token}`, dpop: await proof(by, { method: 'GET', url, accessToken: tokens.access_token }) } }), notes, insecure);
  assert.ok((await check(keys)).cnf.jkt);
  await assert.rejects(check(await pair()));
  assert.ok(['PS256', 'ES256', 'EdDSA'].includes(jose.decodeProtectedHeader(tokens.access_token).alg));
  assert.ok(['PS256', 'ES256', 'EdDSA'].includes(jose.decodeProtectedHeader(tokens.id_token).alg));
});

test('§5.3.2.1 (4): without a proof there is no token', async () => {
  const config = await client();
  const attempt = await Attempt.of(config, {}, { par: true });
  const answer = await attempt.authorize();
  await assert.rejects(attempt.redeem(answer), (error) => ['invalid_dpop_proof', 'invalid_request'].includes(error.error));
});

test('§5.3.2.1 (2): no password grant, and none of the others', async () => {
  for (const grant of ['password', 'implicit']) {
    const headers = { dpop: await proof(await pair(), { url: as.token_endpoint, nonce: await nonceOf() }) };
    refused(await form(as.token_endpoint, { grant_type: grant, username: 'alice', password: 'x', ...(await own()) }, headers), 'unsupported_grant_type');
  }
});

test('§5.3.2.1 (6): secrets and names are no authentication', async () => {
  for (const [fields, headers] of [[{ client_id: 'fapi-es256' }, {}], [{ client_id: 'fapi-es256', client_secret: secret }, {}], [{}, basicHeader('fapi-es256')]]) {
    refused(await form(as.token_endpoint, { grant_type: 'refresh_token', refresh_token: 'x', ...fields }, headers), 'invalid_client');
  }
});

for (const [what, claims, ok] of [
  ['the issuer', {}, true], ['the token endpoint', { aud: as.token_endpoint }], ['the PAR endpoint', { aud: as.pushed_authorization_request_endpoint }], ['an array with the issuer', { aud: [fapi2] }],
  ['the issuer with a slash', { aud: `${fapi2}/` }], ['another issuer', { aud: fapi2.replace('fapi2', 'baseline') }],
]) {
  test(`§5.3.2.1 (8): aud of an assertion is ${what}: ${ok ? 'taken' : 'refused'}`, async () => {
    const answer = await push({}, await own(claims));
    if (ok) assert.equal(answer.status, 201, answer.text);
    else refused(answer, 'invalid_client');
  });
}

test('§5.3.2.1 (13): a clock that is 8 seconds ahead is taken, one that is 70 is not', async () => {
  assert.equal((await push({}, await own({ iat: now() + 8, nbf: now() + 8 }))).status, 201);
  refused(await push({}, await own({ iat: now() + 70, exp: now() + 100 })), 'invalid_client');
  refused(await push({}, await own({ nbf: now() + 70, exp: now() + 100 })), 'invalid_client');
});

test('§5.3.2.2 (1): no response type but code', async () => {
  for (const type of ['token', 'id_token', 'code id_token', 'code token', 'none']) {
    const answer = await push({ response_type: type });
    assert.ok(['unsupported_response_type', 'invalid_request'].includes(answer.body.error), answer.text);
  }
});

test('§5.3.2.2 (3): a request that was not pushed is refused', async () => {
  const page = await (await Attempt.of(await client())).open();
  assert.ok(!page.has('password'));
  if (page.location) assert.equal(page.answer.searchParams.get('error'), 'invalid_request');
  else assert.equal(page.status, 400);
});

test('§5.3.2.2 (4): a push that is not authenticated is refused', async () => {
  refused(await push({}, {}), 'invalid_client');
  refused(await push({}, credentials('x.y.z')), 'invalid_client');
});

test('§5.3.2.2 (5): PKCE with S256 or nothing', async () => {
  refused(await push({ code_challenge: undefined, code_challenge_method: undefined }), 'invalid_request');
  refused(await push({ code_challenge_method: 'plain' }), 'invalid_request');
  refused(await push({ code_challenge_method: undefined }), 'invalid_request');
});

test('§5.3.2.2 (6): redirect_uri has to be in the push', async () => refused(await push({ redirect_uri: undefined }), 'invalid_request'));

test('§5.3.2.2 (6): one that is not registered is refused', async () => {
  for (const uri of [`${app}/other`, `${callback}?x=1`, 'http://evil.example/callback', 'https://evil.example/callback']) assert.equal((await push({ redirect_uri: uri })).status, 400);
});

test('§5.3.2.2 (7): iss is in answers and in errors', async () => {
  const config = await client();
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  const silent = await Attempt.of(config, { prompt: 'none' }, { par: true, dpop });
  const { answer } = await silent.open();
  assert.equal(answer.searchParams.get('error'), 'login_required');
  assert.equal(answer.searchParams.get('iss'), fapi2);
});

test('§5.3.2.2 (9): a code works once, and takes the tokens with it', async () => {
  const config = await client();
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  const { attempt, answer, tokens } = await signIn(config, {}, { par: true, dpop });
  await assert.rejects(attempt.redeem(answer), (error) => error.error === 'invalid_grant');
  await assert.rejects(oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop }), (error) => error.error === 'invalid_grant');
});

test('§5.3.2.2 (12) and note 3: a request_uri lives shortly, works once, and is not spent by the first load', async () => {
  const answer = await push();
  assert.ok(answer.body.expires_in < 600);
  const url = `${as.authorization_endpoint}?${new URLSearchParams({ client_id: 'fapi-es256', request_uri: answer.body.request_uri })}`;
  const browser = new Browser();
  await browser.get(url);
  assert.ok((await (await browser.get(url)).approve()).answer.searchParams.get('code'));
  const again = await browser.get(url);
  assert.equal(again.location?.searchParams.get('code') ?? null, null);
});

test('§5.3.2.2 (14): a nonce of 64 characters comes back', async () => {
  const nonce = 'n'.repeat(64);
  const config = await client();
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  const { tokens } = await signIn(config, { nonce }, { par: true, dpop, checks: { expectedNonce: nonce } });
  assert.equal(tokens.claims().nonce, nonce);
});

test('§5.3.2.2 (13): the user sees the client and what it asks for', async () => {
  const config = await client();
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  const consent = await (await (await Attempt.of(config, { scope: 'openid notes.write', prompt: 'consent' }, { par: true, dpop })).open()).signIn();
  for (const words of ['Client with an elliptic key', 'Write your notes']) assert.ok(consent.text.includes(words), words);
});

test('§5.3.4 (2): a token in the query is not looked at', async () => {
  const config = await client();
  const { tokens } = await profile(config);
  assert.ok([400, 401].includes((await read(await fetch(`${as.userinfo_endpoint}?access_token=${tokens.access_token}`))).status));
});

test('§5.4.1: every key is strong, and none is for RS256', async () => {
  const { keys } = await (await fetch(as.jwks_uri)).json();
  for (const key of keys) {
    assert.ok(['PS256', 'ES256', 'EdDSA'].includes(key.alg), key.alg);
    if (key.kty === 'RSA') assert.ok(Buffer.from(key.n, 'base64url').length >= 256);
  }
  assert.equal(new Set(keys.map(({ kid }) => kid)).size, keys.length);
});
