// Access tokens as a resource server sees them: oauth4webapi's validator of RFC 9068 takes ours, for their audience and no
// other, and nothing that only looks like one. RFC 9068 §2 and §4, RFC 8725.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as jose from 'jose';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { basic, discover, signIn } from './lib/clients.mjs';
import { baseline, notes, other, secret, steady } from './lib/house.mjs';
import { insecure, metadata } from './lib/raw.mjs';

const request = (accessToken, scheme = 'Bearer') => new Request('https://notes.example/notes', { headers: { authorization: `${scheme} ${accessToken}` } });
const validate = async (accessToken, audience = notes, { issuer = baseline, ...options } = {}) =>
  oauth.validateJwtAccessToken(await metadata(issuer), request(accessToken), audience, { ...insecure, ...options });

const config = await basic();
const { tokens } = await signIn(config, { scope: 'openid notes.read' });

test('a user\'s access token is an RFC 9068 token for its audience', async () => {
  const claims = await validate(tokens.access_token);
  assert.equal(claims.iss, baseline);
  assert.equal(claims.aud, notes, 'one audience, as a string');
  assert.equal(claims.client_id, 'basic');
  assert.equal(claims.sub, tokens.claims().sub);
  assert.ok(claims.scope.split(' ').includes('notes.read'));
  assert.ok(claims.exp - claims.iat <= 3600 && claims.jti);
  assert.equal(jose.decodeProtectedHeader(tokens.access_token).typ, 'at+jwt');
});

test('a job\'s access token is one too, and its subject is the client', async () => {
  const job = await oidc.clientCredentialsGrant(await discover('machine', oidc.ClientSecretBasic(secret)), { scope: 'notes.read' });
  const claims = await validate(job.access_token);
  assert.equal(claims.sub, claims.client_id);
});

test('an issuer that signs with PS256', async () => {
  const far = await signIn(await basic({ issuer: steady, metadata: { id_token_signed_response_alg: 'ES256' } }), { scope: 'openid notes.read' });
  await validate(far.tokens.access_token, notes, { issuer: steady });
  assert.equal(jose.decodeProtectedHeader(far.tokens.access_token).alg, 'PS256');
});

test('the refreshed token is one too, with another jti', async () => {
  const claims = await validate(tokens.access_token);
  const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  const later = await validate(next.access_token);
  assert.notEqual(later.jti, claims.jti);
  assert.equal(later.sub, claims.sub);
});

test('it is refused for another audience, another issuer and when changed', async () => {
  await assert.rejects(validate(tokens.access_token, other));
  await assert.rejects(validate(tokens.access_token, notes, { issuer: steady }));
  const [header, payload, signature] = tokens.access_token.split('.');
  const more = Buffer.from(JSON.stringify({ ...jose.decodeJwt(tokens.access_token), scope: 'admin' })).toString('base64url');
  await assert.rejects(validate([header, more, signature].join('.')));
  await assert.rejects(validate([header, payload, ''].join('.')));
});

test('an ID token is no access token', async () => {
  await assert.rejects(validate(tokens.id_token, 'basic'));
});

test('it names no claim about the user beyond the subject', async () => {
  const claims = await validate(tokens.access_token);
  for (const name of ['name', 'email', 'phone_number', 'address', 'preferred_username']) assert.ok(!(name in claims), name);
});
