// DPoP: RFC 9449 §4 to §10, in the preset baseline and in fapi2; security rows R17, X01 to X07. openid-client and oauth4webapi go
// through the flow with nonces that the server asks for; jose makes the proofs that have to be refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { basic, discover, publicClient, signIn, Attempt } from './lib/clients.mjs';
import { pair, proof, thumbprint } from './lib/dpop.mjs';
import { notes, secret } from './lib/house.mjs';
import { basicHeader, form, insecure, metadata, read, refused } from './lib/raw.mjs';

const as = await metadata();
const { token_endpoint: endpoint, userinfo_endpoint: userinfo, pushed_authorization_request_endpoint: par } = as;

// nonce asks the server for one, as RFC 9449 §8 has it: a proof without is refused, and the answer brings one.
async function nonce() {
  const answer = await form(endpoint, { grant_type: 'refresh_token', refresh_token: 'x' }, { ...basicHeader(), dpop: await proof(await pair(), { url: endpoint }) });
  assert.equal(answer.body.error, 'use_dpop_nonce', answer.text);
  assert.equal(answer.status, 400);
  return answer.headers.get('dpop-nonce');
}

async function fresh(config, parameters) {
  const attempt = await Attempt.of(config ?? (await basic()), parameters);
  const answer = await attempt.authorize();
  return { attempt, redeem: { grant_type: 'authorization_code', code: answer.searchParams.get('code'), redirect_uri: attempt.parameters.redirect_uri, code_verifier: attempt.verifier } };
}

const invalid = (answer) => refused(answer, 'invalid_dpop_proof', 400);

for (const algorithm of ['ES256', 'PS256']) {
  test(`code flow, userinfo and refresh with DPoP (${algorithm}), with the nonces that the server asks for`, async () => {
    const config = await basic();
    const keys = await oidc.randomDPoPKeyPair(algorithm);
    const dpop = oidc.getDPoPHandle(config, keys);
    const { tokens } = await signIn(config, { scope: 'openid profile notes.read' }, { dpop });
    assert.equal(tokens.token_type, 'dpop');
    const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub, { DPoP: dpop });
    assert.equal(user.name, 'Alice Liddell');
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token, undefined, { DPoP: dpop });
    assert.equal(next.token_type, 'dpop');
    await oidc.fetchUserInfo(config, next.access_token, tokens.claims().sub, { DPoP: dpop });
  });
}

test('the metadata lists the algorithms of proofs, none of them symmetric', () => {
  assert.ok(as.dpop_signing_alg_values_supported.includes('ES256'));
  for (const algorithm of as.dpop_signing_alg_values_supported) assert.doesNotMatch(algorithm, /^(HS|none)/);
});

test('the access token is bound to the key, and oauth4webapi as a resource server holds it to that', async () => {
  const config = await basic();
  const keys = await oidc.randomDPoPKeyPair('ES256');
  const { tokens } = await signIn(config, { scope: 'openid notes.read' }, { dpop: oidc.getDPoPHandle(config, keys) });
  const url = 'https://notes.example/notes';
  const request = async (proofKeys, scheme = 'DPoP', accessToken = tokens.access_token) => {
    const headers = { authorization: `${scheme} ${tokens.access_token}`, ...(proofKeys && { dpop: await proof(proofKeys, { method: 'GET', url, accessToken }) }) };
    return oauth.validateJwtAccessToken(as, new Request(url, { headers }), notes, insecure);
  };
  const claims = await request(keys);
  assert.equal(claims.cnf.jkt, await thumbprint(keys));
  await assert.rejects(request(await pair()), 'another key');
  await assert.rejects(request(undefined, 'Bearer'), 'as a bearer token');
  await assert.rejects(request(keys, 'Bearer'), 'as a bearer token with a proof');
  await assert.rejects(request(keys, 'DPoP', 'another token'), 'a proof for another token');
});

test('userinfo refuses a bound token without its proof, with another key\'s, or one that does not fit', async () => {
  const config = await basic();
  const keys = await oidc.randomDPoPKeyPair('ES256');
  const { tokens } = await signIn(config, {}, { dpop: oidc.getDPoPHandle(config, keys) });
  const accessToken = tokens.access_token;
  const ask = async (dpop, scheme = 'DPoP', url = userinfo) => read(await fetch(url, { headers: { authorization: `${scheme} ${accessToken}`, ...(dpop && { dpop }) } }));
  const first = await ask(await proof(keys, { method: 'GET', url: userinfo, accessToken }));
  const fresh = first.headers.get('dpop-nonce') ?? (await nonce());
  const good = { method: 'GET', url: userinfo, accessToken, nonce: fresh };
  assert.equal((await ask(await proof(keys, good))).status, 200, 'control');
  const replayed = await proof(keys, good);
  assert.equal((await ask(replayed)).status, 200);
  for (const [what, dpop, scheme] of [
    ['no proof', undefined], ['as Bearer, without proof', undefined, 'Bearer'], ['as Bearer, with a proof', await proof(keys, good), 'Bearer'], ['another key', await proof(await pair(), good)],
    ['a proof that was used', replayed], ['no ath', await proof(keys, { ...good, accessToken: undefined })], ['another ath', await proof(keys, { ...good, accessToken: 'another' })],
    ['another method', await proof(keys, { ...good, method: 'POST' })], ['another URL', await proof(keys, { ...good, url: endpoint })], ['no nonce', await proof(keys, { ...good, nonce: undefined })],
    ['a nonce of nobody', await proof(keys, { ...good, nonce: 'nonsense' })],
  ]) {
    const answer = await ask(dpop, scheme);
    assert.equal(answer.status, 401, `${what}: ${answer.text}`);
    assert.match(answer.headers.get('www-authenticate'), /DPoP/, `${what}: RFC 9449 §7.1`);
    assert.doesNotMatch(answer.text, /alice/i);
  }
  const body = await form(userinfo, { access_token: accessToken });
  assert.equal(body.status, 401, 'RFC 9449 §7: a bound token in the body');
});

test('a bearer token is not taken as a bound one', async () => {
  const { tokens } = await signIn(await basic());
  const dpop = await proof(await pair(), { method: 'GET', url: userinfo, accessToken: tokens.access_token, nonce: await nonce() });
  assert.equal((await fetch(userinfo, { headers: { authorization: `DPoP ${tokens.access_token}`, dpop } })).status, 401);
});

test('control: the proof that every case below changes is taken', async () => {
  const { redeem } = await fresh();
  const answer = await form(endpoint, redeem, { ...basicHeader(), dpop: await proof(await pair(), { url: endpoint, nonce: await nonce() }) });
  assert.equal(answer.body.token_type, 'DPoP', answer.text);
});

test('a proof by an Edwards curve is taken under the name that the metadata has for it', async () => {
  const algorithm = as.dpop_signing_alg_values_supported.find((name) => name === 'EdDSA' || name === 'Ed25519');
  const { redeem } = await fresh();
  const made = await proof(await pair(algorithm), { url: endpoint, nonce: await nonce(), header: { alg: algorithm } });
  assert.equal((await form(endpoint, redeem, { ...basicHeader(), dpop: made })).body.token_type, 'DPoP');
});

const seconds = () => Math.floor(Date.now() / 1000);
for (const [what, change] of Object.entries({
  'htm of another method': () => ({ method: 'GET' }),
  'htm in small letters': () => ({ method: 'post' }),
  'no htm': () => ({ claims: { htm: undefined } }),
  'htu of another path': () => ({ url: `${endpoint}x` }),
  'htu with a slash more': () => ({ url: `${endpoint}/` }),
  'htu of another host': () => ({ url: endpoint.replace('localhost', 'evil.example') }),
  'htu of another port': () => ({ url: endpoint.replace(/:\d+/, ':1') }),
  'htu with https': () => ({ url: endpoint.replace('http:', 'https:') }),
  'htu of another endpoint': () => ({ url: userinfo }),
  'htu with the path in capitals': () => ({ url: endpoint.replace('/oauth2/token', '/OAUTH2/TOKEN') }),
  'no htu': () => ({ claims: { htu: undefined } }),
  'no jti': () => ({ claims: { jti: undefined } }),
  'an empty jti': () => ({ claims: { jti: '' } }),
  'no iat': () => ({ claims: { iat: undefined } }),
  'an iat long ago': () => ({ claims: { iat: seconds() - 3600 } }),
  'an iat more than a minute ahead': () => ({ claims: { iat: seconds() + 70 } }),
  'an iat that is text': () => ({ claims: { iat: String(seconds()) } }),
  'typ JWT': () => ({ header: { typ: 'JWT' } }),
  'no typ': () => ({ header: { typ: undefined } }),
  'no jwk': () => ({ header: { jwk: undefined } }),
  'the jwk of another key': async () => ({ header: { jwk: await jose.exportJWK((await pair()).publicKey) } }),
  'a private jwk': async () => {
    const keys = await pair();
    return { keys, header: { jwk: await jose.exportJWK(keys.privateKey) } };
  },
  'a symmetric algorithm': () => ({ header: { alg: 'HS256', jwk: { kty: 'oct', k: Buffer.alloc(32).toString('base64url') } }, key: Buffer.alloc(32) }),
  'RS256': async () => ({ keys: await pair('RS256'), header: { alg: 'RS256' } }),
})) {
  test(`a proof is refused: ${what}`, async () => {
    const { redeem } = await fresh();
    const { keys, ...changes } = await change();
    const made = await proof(keys ?? (await pair()), { url: endpoint, nonce: await nonce(), ...changes });
    const answer = await form(endpoint, redeem, { ...basicHeader(), dpop: made });
    if (what === 'RS256' && answer.status === 200) return; // RFC 9449 §4.3: an asymmetric algorithm that the server supports
    invalid(answer);
  });
}

test('proofs without signature, changed, twice or that are no proofs are refused', async () => {
  const keys = await pair();
  const made = await proof(keys, { url: endpoint, nonce: await nonce() });
  const [header, payload, signature] = made.split('.');
  const none = Buffer.from(JSON.stringify({ typ: 'dpop+jwt', alg: 'none', jwk: await jose.exportJWK(keys.publicKey) })).toString('base64url');
  const { redeem } = await fresh();
  for (const bad of [`${none}.${payload}.`, `${header}.${payload}.`, `${header}.${payload}`, made.slice(0, -3), `${made}.x`, 'x', '..', `${made}, ${made}`]) {
    invalid(await form(endpoint, redeem, { ...basicHeader(), dpop: bad }));
  }
  const { tokens } = await signIn(await basic());
  for (const bad of [tokens.id_token, tokens.access_token]) invalid(await form(endpoint, redeem, { ...basicHeader(), dpop: bad }));
});

test('a proof works once, and of many requests at once one is let in', async () => {
  const { tokens } = await signIn(await basic());
  const headers = { ...basicHeader(), dpop: await proof(await pair(), { url: endpoint, nonce: await nonce() }) };
  const answers = await Promise.all(Array.from({ length: 20 }, () => form(endpoint, { grant_type: 'refresh_token', refresh_token: `${tokens.refresh_token}x` }, headers)));
  assert.equal(answers.filter(({ body }) => body.error !== 'invalid_dpop_proof').length, 1);
});

test('a nonce of somebody is answered with one that works', async () => {
  const { redeem } = await fresh();
  const keys = await pair();
  const first = await form(endpoint, redeem, { ...basicHeader(), dpop: await proof(keys, { url: endpoint, nonce: 'somebody' }) });
  refused(first, 'use_dpop_nonce', 400);
  const second = await form(endpoint, redeem, { ...basicHeader(), dpop: await proof(keys, { url: endpoint, nonce: first.headers.get('dpop-nonce') }) });
  assert.equal(second.status, 200, `the code was not spent by the first: ${second.text}`);
});

test('htu is compared without query and fragment, and with scheme and host in any case', async () => {
  for (const url of [`${endpoint}?a=b`, `${endpoint}#c`, endpoint.replace('http://localhost', 'HTTP://LOCALHOST')]) {
    const { redeem } = await fresh();
    const answer = await form(endpoint, redeem, { ...basicHeader(), dpop: await proof(await pair(), { url, nonce: await nonce() }) });
    assert.equal(answer.status, 200, `${url}: ${answer.text}`);
  }
});

test('a code that was asked for with dpop_jkt is for that key', async () => {
  for (const options of [{}, { par: true }]) {
    const keys = await pair();
    const parameters = { dpop_jkt: await thumbprint(keys) };
    for (const [used, status] of [[await pair(), 400], [undefined, 400], [keys, 200]]) {
      const attempt = await Attempt.of(await basic(), parameters, options);
      const answer = await attempt.authorize();
      const redeem = { grant_type: 'authorization_code', code: answer.searchParams.get('code'), redirect_uri: attempt.parameters.redirect_uri, code_verifier: attempt.verifier };
      const headers = { ...basicHeader(), ...(used && { dpop: await proof(used, { url: endpoint, nonce: await nonce() }) }) };
      const answered = await form(endpoint, redeem, headers);
      assert.equal(answered.status, status, answered.text);
      if (status === 400) assert.ok(['invalid_grant', 'invalid_dpop_proof'].includes(answered.body.error), answered.text);
    }
  }
});

test('a proof with the pushed request binds the code too, and has to fit dpop_jkt', async () => {
  const keys = await pair();
  const config = await basic();
  const attempt = await Attempt.of(config);
  const fields = { response_type: 'code', client_id: 'basic', ...attempt.parameters };
  const push = async (used, more = {}) => form(par, { ...fields, ...more }, { ...basicHeader(), dpop: await proof(used, { url: par, nonce: await nonce() }) });
  const pushed = await push(keys);
  assert.equal(pushed.status, 201, pushed.text);
  const page = await (await attempt.browser.get(`${as.authorization_endpoint}?${new URLSearchParams({ client_id: 'basic', request_uri: pushed.body.request_uri })}`)).approve();
  const redeem = { grant_type: 'authorization_code', code: page.answer.searchParams.get('code'), redirect_uri: attempt.parameters.redirect_uri, code_verifier: attempt.verifier };
  refused(await form(endpoint, redeem, { ...basicHeader(), dpop: await proof(await pair(), { url: endpoint, nonce: await nonce() }) }), 'invalid_grant');
  const wrong = await push(keys, { dpop_jkt: await thumbprint(await pair()) });
  assert.equal(wrong.status, 400);
  assert.ok(['invalid_dpop_proof', 'invalid_request'].includes(wrong.body.error), wrong.text);
});

test('a public client\'s refresh token is bound to its key, a confidential client\'s to the client', async () => {
  const open = await publicClient();
  const dpop = oidc.getDPoPHandle(open, await oidc.randomDPoPKeyPair('ES256'));
  const { tokens } = await signIn(open, {}, { dpop });
  const other = oidc.getDPoPHandle(open, await oidc.randomDPoPKeyPair('ES256'));
  await assert.rejects(oidc.refreshTokenGrant(open, tokens.refresh_token, undefined, { DPoP: other }));
  await assert.rejects(oidc.refreshTokenGrant(open, tokens.refresh_token));
  const next = await oidc.refreshTokenGrant(open, tokens.refresh_token, undefined, { DPoP: dpop });
  assert.equal(next.token_type, 'dpop');
});

test('a client that is registered for bound tokens gets no others', async () => {
  const config = await discover('dpop-bound', oidc.ClientSecretBasic(secret));
  const { redeem } = await fresh(config);
  const answer = await form(endpoint, redeem, basicHeader('dpop-bound'));
  assert.ok(['invalid_request', 'invalid_dpop_proof'].includes(answer.body?.error), answer.text);
  const dpop = oidc.getDPoPHandle(config, await oidc.randomDPoPKeyPair('ES256'));
  assert.equal((await signIn(config, {}, { dpop })).tokens.token_type, 'dpop');
});
