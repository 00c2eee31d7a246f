// Revocation: RFC 7009 §2 and §2.2, RFC 9700 §4.14.2; security row K04.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { basic, publicClient, rejects, signIn } from './lib/clients.mjs';
import { steady } from './lib/house.mjs';
import { basicHeader, form, metadata, refused } from './lib/raw.mjs';

const { revocation_endpoint: endpoint } = await metadata();
const config = await basic();
const works = async (tokens) => (await fetch(config.serverMetadata().userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } })).status === 200;

test('a revoked refresh token is dead, and the access tokens of its grant with it', async () => {
  const { tokens } = await signIn(config);
  assert.ok(await works(tokens), 'control');
  await oidc.tokenRevocation(config, tokens.refresh_token, { token_type_hint: 'refresh_token' });
  await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  assert.ok(!(await works(tokens)));
});

test('a revoked access token is dead, and its grant goes on', async () => {
  const { tokens } = await signIn(config);
  await oidc.tokenRevocation(config, tokens.access_token, { token_type_hint: 'access_token' });
  assert.ok(!(await works(tokens)));
  assert.ok(await works(await oidc.refreshTokenGrant(config, tokens.refresh_token)));
});

test('a hint that is wrong or unknown does not matter', async () => {
  for (const hint of ['access_token', 'something_else']) {
    const { tokens } = await signIn(config);
    await oidc.tokenRevocation(config, tokens.refresh_token, { token_type_hint: hint });
    await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  }
});

test('a token that is unknown, spent or not a token is 200', async () => {
  const { tokens } = await signIn(config);
  await oidc.tokenRevocation(config, tokens.refresh_token);
  for (const token of [tokens.refresh_token, 'nonsense', tokens.id_token, `${tokens.access_token}x`]) {
    const answer = await form(endpoint, { token }, basicHeader());
    assert.equal(answer.status, 200, answer.text);
  }
});

test('a token of another client is not revoked, whatever the answer is', async () => {
  const { tokens } = await signIn(config);
  for (const token of [tokens.refresh_token, tokens.access_token]) {
    const answer = await form(endpoint, { token }, basicHeader('narrow'));
    assert.ok([200, 400].includes(answer.status), answer.text);
  }
  assert.ok(await works(tokens));
  await oidc.refreshTokenGrant(config, tokens.refresh_token);
});

test('a token is not revoked at another issuer', async () => {
  const { tokens } = await signIn(config);
  await form((await metadata(steady)).revocation_endpoint, { token: tokens.refresh_token }, basicHeader());
  await oidc.refreshTokenGrant(config, tokens.refresh_token);
});

test('a public client revokes its own', async () => {
  const open = await publicClient();
  const { tokens } = await signIn(open);
  await oidc.tokenRevocation(open, tokens.refresh_token);
  await rejects(oidc.refreshTokenGrant(open, tokens.refresh_token), 'invalid_grant', 400);
});

test('who does not authenticate revokes nothing', async () => {
  const { tokens } = await signIn(config);
  refused(await form(endpoint, { token: tokens.refresh_token }), 'invalid_client');
  refused(await form(endpoint, { token: tokens.refresh_token }, basicHeader('basic', 'wrong-wrong-wrong-wrong')), 'invalid_client');
  refused(await form(endpoint, { token: tokens.refresh_token, client_id: 'basic' }), 'invalid_client');
  await oidc.refreshTokenGrant(config, tokens.refresh_token);
});

test('a missing and a repeated token are invalid_request', async () => {
  refused(await form(endpoint, {}, basicHeader()), 'invalid_request');
  refused(await form(endpoint, [['token', 'a'], ['token', 'b']], basicHeader()), 'invalid_request');
});

test('oauth4webapi takes the answer', async () => {
  const { tokens } = await signIn(config);
  const response = await oauth.revocationRequest(await metadata(), { client_id: 'basic' }, (as, client, body, headers) => headers.set('authorization', basicHeader().authorization), tokens.refresh_token, {
    [oauth.allowInsecureRequests]: true,
  });
  await oauth.processRevocationResponse(response);
});
