// private_key_jwt: OpenID Connect Core §9, RFC 7523 §3, FAPI 2.0 §5.3.2.1 (8) and (13); security rows K01, K02, N01, J01 to J05.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { basic, discover, signIn, signingKey, Attempt } from './lib/clients.mjs';
import { assertion, credentials, now } from './lib/assertion.mjs';
import { baseline, keys, secret, steady } from './lib/house.mjs';
import { basicHeader, form, granted, metadata, refused, token } from './lib/raw.mjs';

const as = await metadata();
const clients = { 'jwt-es256': 'ES256', 'jwt-ps256': 'PS256' };
const configOf = async (id, algorithm = clients[id]) => discover(id, oidc.PrivateKeyJwt(await signingKey(algorithm)), { metadata: { token_endpoint_auth_signing_alg: algorithm } });

for (const [id, algorithm] of Object.entries(clients)) {
  test(`code flow, refresh and revocation with private_key_jwt (${algorithm})`, async () => {
    const config = await configOf(id);
    const { tokens } = await signIn(config, {}, { par: true });
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    await oidc.tokenRevocation(config, next.refresh_token);
    await assert.rejects(oidc.refreshTokenGrant(config, next.refresh_token));
  });
}

const refresh = await (async () => {
  const { tokens } = await signIn(await configOf('jwt-es256'));
  return tokens.refresh_token;
})();
// ask is a request that needs nothing but the client's authentication to be told apart: a refresh token that is unknown.
const ask = (text, { fields = {}, headers = {} } = {}) => token({ grant_type: 'refresh_token', refresh_token: 'unknown', ...credentials(text), ...fields }, { headers });

test('control: with a good assertion the answer is about the grant', async () => {
  refused(await ask(await assertion()), 'invalid_grant');
  refused(await ask(await assertion('jwt-ps256')), 'invalid_grant');
  refused(await ask(await assertion(), { fields: { client_id: 'jwt-es256' } }), 'invalid_grant');
  granted(await token({ grant_type: 'refresh_token', refresh_token: refresh, ...credentials(await assertion()) }, { headers: {} }));
});

test('an assertion works once, at all endpoints together', async () => {
  const push = { response_type: 'code', redirect_uri: 'x' };
  for (const [first, second] of [[as.token_endpoint, as.token_endpoint], [as.token_endpoint, as.pushed_authorization_request_endpoint], [as.pushed_authorization_request_endpoint, as.revocation_endpoint]]) {
    const fields = { grant_type: 'refresh_token', refresh_token: 'unknown', token: 'unknown', ...push, ...credentials(await assertion()) };
    assert.notEqual((await form(first, fields)).body?.error, 'invalid_client', 'control');
    refused(await form(second, fields), 'invalid_client');
  }
});

test('of many requests with one assertion one is let in', async () => {
  const text = await assertion();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(text)));
  assert.equal(answers.filter(({ body }) => body.error !== 'invalid_client').length, 1);
});

for (const [what, change] of Object.entries({
  'aud is the token endpoint': () => ({ claims: { aud: as.token_endpoint } }),
  'aud is the PAR endpoint': () => ({ claims: { aud: as.pushed_authorization_request_endpoint } }),
  'aud is an array with the issuer': () => ({ claims: { aud: [baseline] } }),
  'aud is an array with the issuer and another': () => ({ claims: { aud: [baseline, 'https://other.example'] } }),
  'aud is the issuer with a slash': () => ({ claims: { aud: `${baseline}/` } }),
  'aud is another issuer': () => ({ claims: { aud: steady } }),
  'no aud': () => ({ claims: { aud: undefined } }),
  'iss is another client': () => ({ claims: { iss: 'basic' } }),
  'sub is another client': () => ({ claims: { sub: 'jwt-ps256' } }),
  'no iss': () => ({ claims: { iss: undefined } }),
  'no sub': () => ({ claims: { sub: undefined } }),
  'no jti': () => ({ claims: { jti: undefined } }),
  'no exp': () => ({ claims: { exp: undefined } }),
  'an exp that is over': () => ({ claims: { iat: now() - 120, exp: now() - 61 } }),
  'an exp that is far away': () => ({ claims: { exp: now() + 86400 } }),
  'an exp that is text': () => ({ claims: { exp: String(now() + 60) } }),
  'an exp that is huge': () => ({ claims: { exp: 1e300 } }),
  'an iat more than a minute ahead': () => ({ claims: { iat: now() + 70, exp: now() + 100 } }),
  'an nbf more than a minute ahead': () => ({ claims: { nbf: now() + 70, exp: now() + 100 } }),
  'a key of another client': async () => ({ key: await jose.importJWK(keys.PS256, 'PS256'), header: { alg: 'PS256', kid: undefined } }),
  'a kid that is unknown': () => ({ header: { kid: 'somebody' } }),
  'a key of nobody': async () => ({ key: (await jose.generateKeyPair('ES256')).privateKey }),
  'a key that it brings along': async () => {
    const pair = await jose.generateKeyPair('ES256', { extractable: true });
    return { key: pair.privateKey, header: { jwk: await jose.exportJWK(pair.publicKey), kid: undefined } };
  },
  'typ of an access token': () => ({ header: { typ: 'at+jwt' } }),
  'typ of a proof': () => ({ header: { typ: 'dpop+jwt' } }),
})) {
  test(`an assertion is refused: ${what}`, async () => refused(await ask(await assertion('jwt-es256', await change())), 'invalid_client'));
}

test('a clock that is a little ahead is no error', async () => {
  refused(await ask(await assertion('jwt-es256', { claims: { iat: now() + 8, nbf: now() + 8 } })), 'invalid_grant');
});

test('assertions without signature, signed with a public key as a secret, or with critical headers are refused', async () => {
  const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: 'jwt-es256', sub: 'jwt-es256', aud: baseline, jti: crypto.randomUUID(), iat: now(), exp: now() + 60 };
  for (const alg of ['none', 'None', 'NONE', 'nOnE']) refused(await ask(`${encode({ alg })}.${encode(claims)}.`), 'invalid_client');
  const { d, ...publicKey } = keys.ES256;
  for (const material of [JSON.stringify(publicKey), Buffer.from(publicKey.x, 'base64url'), await jose.exportSPKI(await jose.importJWK(publicKey, 'ES256'))]) {
    refused(await ask(await assertion('jwt-es256', { header: { alg: 'HS256' }, key: Buffer.concat([Buffer.from(material), Buffer.alloc(32)]) })), 'invalid_client');
  }
  const good = await assertion();
  const [, payload, signature] = good.split('.');
  for (const bad of [good.slice(0, -1), `${good}.`, `${good}A`, ` ${good}`, [payload, payload, signature].join('.'), [encode({ alg: 'ES256', crit: ['exp'] }), payload, signature].join('.'), '..', 'x']) {
    refused(await ask(bad), 'invalid_client');
  }
});

test('an algorithm of the library that is not asymmetric and strong is refused', async () => {
  const key = await jose.importJWK({ ...keys.PS256, alg: 'RS256' }, 'RS256');
  const answer = await ask(await assertion('jwt-ps256', { header: { alg: 'RS256' }, key }));
  refused(answer, 'invalid_client'); // the key set says PS256 for this key
});

test('another assertion type, and half of the parameters, are refused', async () => {
  for (const fields of [{ client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer' }, { client_assertion_type: '' }, { client_assertion: '' }]) {
    const answer = await ask(await assertion(), { fields });
    assert.ok(['invalid_client', 'invalid_request'].includes(answer.body.error), answer.text);
  }
});

test('an assertion beside another method, or with another client_id, is refused', async () => {
  for (const options of [{ headers: basicHeader('basic') }, { headers: basicHeader('jwt-es256') }, { fields: { client_secret: secret } }, { fields: { client_id: 'basic' } }]) {
    const answer = await ask(await assertion(), options);
    assert.ok(['invalid_client', 'invalid_request'].includes(answer.body.error), answer.text);
  }
});

test('a client with a key is not let in by a secret or by its name, nor a client with a secret by a key', async () => {
  for (const [fields, headers] of [[{ client_id: 'jwt-es256' }, {}], [{ client_id: 'jwt-es256', client_secret: secret }, {}], [{}, basicHeader('jwt-es256')]]) {
    refused(await token({ grant_type: 'refresh_token', refresh_token: refresh, ...fields }, { headers }), 'invalid_client');
  }
  refused(await ask(await assertion('basic')), 'invalid_client');
});

test('an ID token and an access token are no assertions', async () => {
  const { tokens } = await signIn(await basic());
  for (const text of [tokens.id_token, tokens.access_token]) refused(await ask(text), 'invalid_client');
});

test('a code of one client is not redeemed by the key of another', async () => {
  const attempt = await Attempt.of(await configOf('jwt-es256'));
  const answer = await attempt.authorize();
  const redeem = { grant_type: 'authorization_code', code: answer.searchParams.get('code'), redirect_uri: attempt.parameters.redirect_uri, code_verifier: attempt.verifier };
  refused(await token({ ...redeem, ...credentials(await assertion('jwt-ps256')) }, { headers: {} }), 'invalid_grant');
});

test('the metadata says which algorithms assertions may have', () => {
  assert.ok(as.token_endpoint_auth_methods_supported.includes('private_key_jwt'));
  for (const algorithm of ['PS256', 'ES256']) assert.ok(as.token_endpoint_auth_signing_alg_values_supported?.includes(algorithm));
  for (const algorithm of as.token_endpoint_auth_signing_alg_values_supported) assert.doesNotMatch(algorithm, /^(HS|none)/);
});
