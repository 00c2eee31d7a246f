// The code flow by openid-client with every way to authenticate that needs no key: OpenID Connect Core §3.1, RFC 6749 §2.3 and
// §4.1, RFC 7636, RFC 9207 (the library refuses an answer without iss or with another one).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import * as oidc from 'openid-client';
import { basic, post, publicClient, discover, signIn, Attempt } from './lib/clients.mjs';
import { baseline, callback, secret, steady } from './lib/house.mjs';
import { insecure, metadata } from './lib/raw.mjs';

for (const [name, client] of Object.entries({ client_secret_basic: basic, client_secret_post: post, none: publicClient })) {
  test(`code flow with ${name}`, async () => {
    const config = await client();
    const { tokens } = await signIn(config, { scope: 'openid profile notes.read' });
    const claims = tokens.claims();
    assert.equal(claims.iss, baseline);
    assert.ok(claims.sub && claims.auth_time && claims.acr && claims.sid && claims.at_hash, JSON.stringify(claims));
    assert.ok(Array.isArray(claims.amr));
    assert.equal(tokens.token_type, 'bearer');
    assert.ok(tokens.expiresIn() > 0);
    const user = await oidc.fetchUserInfo(config, tokens.access_token, claims.sub);
    assert.equal(user.name, 'Alice Liddell');
  });
}

test('code flow of a client without PKCE that may leave it out', async () => {
  const config = await discover('without-pkce', oidc.ClientSecretBasic(secret));
  await signIn(config, { code_challenge: undefined, code_challenge_method: undefined });
});

test('a code for a redirect URI with a query comes back with the query kept', async () => {
  const redirectURI = `${callback}?keep=this`;
  const attempt = await Attempt.of(await basic(), { redirect_uri: redirectURI });
  const answer = await attempt.authorize();
  assert.equal(answer.searchParams.get('keep'), 'this');
  // openid-client leaves the query out of redirect_uri at the token endpoint, so this half is oauth4webapi's.
  const as = await metadata();
  const client = { client_id: 'basic' };
  const parameters = oauth.validateAuthResponse(as, client, answer, attempt.state);
  const response = await oauth.authorizationCodeGrantRequest(as, client, oauth.ClientSecretBasic(secret), parameters, redirectURI, attempt.verifier, insecure);
  await oauth.processAuthorizationCodeResponse(as, client, response, { expectedNonce: attempt.nonce, requireIdToken: true });
});

test('code flow at an issuer that signs with ES256 and PS256', async () => {
  const { tokens } = await signIn(await basic({ issuer: steady, metadata: { id_token_signed_response_alg: 'ES256' } }));
  assert.equal(tokens.claims().iss, steady);
});

test('authorization answers carry iss, and so do errors', async () => {
  const attempt = await Attempt.of(await basic(), { prompt: 'none' });
  const { answer } = await attempt.open();
  assert.equal(answer.searchParams.get('error'), 'login_required');
  assert.equal(answer.searchParams.get('iss'), baseline);
  assert.equal(answer.searchParams.get('state'), attempt.state);
  const { answer: good } = await signIn(await basic());
  assert.equal(good.searchParams.get('iss'), baseline);
});

test('a user who denies consent sends access_denied to the client', async () => {
  const attempt = await Attempt.of(await basic(), { prompt: 'consent' });
  const consent = await (await attempt.open()).signIn('bob');
  const { answer } = await consent.submit('consent_deny');
  assert.equal(answer.searchParams.get('error'), 'access_denied');
  await assert.rejects(attempt.redeem(answer), oidc.AuthorizationResponseError);
});

test('the subject is the same for all clients of an issuer and differs by user', async () => {
  const subjects = [];
  for (const [client, username] of [[basic, 'alice'], [post, 'alice'], [basic, 'bob']]) {
    subjects.push((await signIn(await client(), {}, { username })).tokens.claims().sub);
  }
  assert.equal(subjects[0], subjects[1]);
  assert.notEqual(subjects[0], subjects[2]);
});
