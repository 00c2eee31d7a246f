// The token endpoint and what it refuses: RFC 6749 §2.3, §3.2, §4.1.3, §4.4, §5.2 and §6, RFC 7636 §4.6, RFC 8707 §2.2,
// RFC 9700 §2.1.1, §4.8 and §4.14.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { basic, discover, post, publicClient, rejects, signIn, Attempt } from './lib/clients.mjs';
import { baseline, callback, notes, other, secret, steady } from './lib/house.mjs';
import { basicHeader, form, granted, metadata, refused, token } from './lib/raw.mjs';

// fresh is a code that nobody has redeemed, with the form that would.
async function fresh(config, parameters) {
  const attempt = await Attempt.of(config ?? (await basic()), parameters);
  const answer = await attempt.authorize();
  const redeem = { grant_type: 'authorization_code', code: answer.searchParams.get('code'), redirect_uri: attempt.parameters.redirect_uri, code_verifier: attempt.verifier };
  return { attempt, answer, redeem };
}

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const grace = 2100; // a little more than authserver.yaml has it

const alive = async (accessToken) => (await fetch((await metadata()).userinfo_endpoint, { headers: { authorization: `Bearer ${accessToken}` } })).status === 200;

test('control: the form that every case below changes is granted', async () => {
  const { redeem } = await fresh();
  const body = granted(await token(redeem));
  assert.ok(body.id_token && body.refresh_token && body.expires_in > 0);
});

test('a code that comes twice is refused, and what it gave is revoked', async () => {
  const { redeem } = await fresh();
  const body = granted(await token(redeem));
  assert.ok(await alive(body.access_token));
  refused(await token(redeem), 'invalid_grant');
  assert.ok(!(await alive(body.access_token)));
  refused(await token({ grant_type: 'refresh_token', refresh_token: body.refresh_token }), 'invalid_grant');
});

test('of many redemptions at once one wins, and then nothing is left', async () => {
  const { redeem } = await fresh();
  const answers = await Promise.all(Array.from({ length: 20 }, () => token(redeem)));
  const won = answers.filter(({ status }) => status === 200);
  assert.equal(won.length, 1, 'how many won');
  for (const answer of answers) if (answer.status !== 200) refused(answer, 'invalid_grant');
  for (const { body } of won) assert.ok(!(await alive(body.access_token)));
});

for (const [what, change] of [
  ['another verifier', { code_verifier: oidc.randomPKCECodeVerifier() }],
  ['no verifier', { code_verifier: undefined }],
  ['another redirect URI of the client', { redirect_uri: `${callback}?keep=this` }],
  ['no redirect URI', { redirect_uri: undefined }],
  ['a code with one letter changed', { code: (code) => code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A') }],
  ['a code that is cut', { code: (code) => code.slice(0, -1) }],
  ['a code with more', { code: (code) => `${code}A` }],
]) {
  test(`${what} is invalid_grant`, async () => {
    const { redeem } = await fresh();
    for (const [name, value] of Object.entries(change)) {
      if (value === undefined) delete redeem[name];
      else redeem[name] = typeof value === 'function' ? value(redeem[name]) : value;
    }
    refused(await token(redeem), 'invalid_grant');
  });
}

for (const [what, verifier] of [['42 characters', 'v'.repeat(42)], ['129 characters', 'v'.repeat(129)], ['a letter that is not allowed', `${'v'.repeat(42)}+`]]) {
  test(`a verifier of ${what} is refused`, async () => {
    const { redeem } = await fresh();
    const answer = await token({ ...redeem, code_verifier: verifier });
    assert.ok(['invalid_request', 'invalid_grant'].includes(answer.body.error), answer.text);
  });
}

test('a verifier for a code without challenge is refused: the challenge was taken away', async () => {
  const { redeem } = await fresh(await basic(undefined, 'without-pkce'), { code_challenge: undefined, code_challenge_method: undefined });
  refused(await token(redeem, { headers: basicHeader('without-pkce') }), 'invalid_grant');
});

test('a client that may leave PKCE out is held to the challenge that it sent', async () => {
  const { redeem } = await fresh(await basic(undefined, 'without-pkce'));
  delete redeem.code_verifier;
  refused(await token(redeem, { headers: basicHeader('without-pkce') }), 'invalid_grant');
});

test('a code of another client is refused', async () => {
  const { redeem } = await fresh();
  refused(await token(redeem, { headers: basicHeader('narrow') }), 'invalid_grant');
});

test('a code of another issuer is refused', async () => {
  const { redeem } = await fresh();
  refused(await token(redeem, { issuer: steady }), 'invalid_grant');
});

for (const [what, headers, fields, status] of [
  ['a wrong secret', basicHeader('basic', 'wrong-wrong-wrong-wrong'), {}],
  ['a secret with a letter more', basicHeader('basic', `${secret}A`), {}],
  ['an empty secret', basicHeader('basic', ''), {}],
  ['an unknown client', basicHeader('nobody'), {}],
  ['no authentication', {}, {}],
  ['only the client\'s name', {}, { client_id: 'basic' }],
  ['the secret in the body of a client registered for the header', {}, { client_id: 'basic', client_secret: secret }],
  ['another scheme', { authorization: `Bearer ${secret}` }, {}],
  ['text that is not base64', { authorization: 'Basic ???' }, {}],
]) {
  test(`${what} is invalid_client`, async () => {
    const { redeem } = await fresh();
    const answer = await token({ ...redeem, ...fields }, { headers });
    refused(answer, 'invalid_client', status);
    if (headers.authorization) assert.match(answer.headers.get('www-authenticate') ?? '', /^Basic /, 'RFC 6749 §5.2');
  });
}

test('two authentication methods at once are refused', async () => {
  const { redeem } = await fresh();
  const answer = await token({ ...redeem, client_id: 'basic', client_secret: secret });
  assert.ok(['invalid_request', 'invalid_client'].includes(answer.body.error), answer.text);
});

test('a client registered for the body is not let in by the header', async () => {
  const { redeem } = await fresh(await post());
  refused(await token(redeem, { headers: basicHeader('post') }), 'invalid_client');
});

test('credentials in the query are refused', async () => {
  const { redeem } = await fresh();
  const address = new URL((await metadata()).token_endpoint);
  address.search = new URLSearchParams({ client_id: 'basic', client_secret: secret });
  const answer = await form(address, redeem);
  assert.ok([400, 401].includes(answer.status) && !answer.body.access_token, answer.text);
});

for (const name of ['grant_type', 'code', 'redirect_uri', 'code_verifier', 'scope']) {
  test(`a repeated ${name} is invalid_request`, async () => {
    const { redeem } = await fresh();
    const fields = Object.entries({ scope: 'openid', ...redeem });
    refused(await token([...fields, fields.find(([found]) => found === name)]), 'invalid_request');
  });
}

for (const [grant, error] of [
  ['password', 'unsupported_grant_type'], ['implicit', 'unsupported_grant_type'], ['AUTHORIZATION_CODE', 'unsupported_grant_type'], ['urn:ietf:params:oauth:grant-type:jwt-bearer', 'unsupported_grant_type'],
  ['urn:ietf:params:oauth:grant-type:token-exchange', 'unsupported_grant_type'], ['client_credentials', 'unauthorized_client'], [undefined, 'invalid_request'], ['', 'invalid_request'],
]) {
  test(`grant type ${grant} is ${error}`, async () => refused(await token(grant === undefined ? { x: '1' } : { grant_type: grant, username: 'alice', password: 'x' }), error));
}

test('the token endpoint takes forms by POST and nothing else', async () => {
  const { redeem } = await fresh();
  const { token_endpoint: endpoint } = await metadata();
  const get = await fetch(`${endpoint}?${new URLSearchParams(redeem)}`, { headers: basicHeader() });
  assert.equal(get.status, 405);
  const json = await fetch(endpoint, { method: 'POST', headers: { ...basicHeader(), 'content-type': 'application/json' }, body: JSON.stringify(redeem) });
  assert.equal(json.status, 400);
  granted(await token(redeem));
});

test('refresh: rotation, with the same subject, and the old token used late takes the family with it', async () => {
  const config = await basic();
  const { tokens } = await signIn(config, { scope: 'openid notes.read' });
  const second = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(second.refresh_token, tokens.refresh_token);
  assert.notEqual(second.access_token, tokens.access_token);
  if (second.id_token) {
    for (const name of ['iss', 'sub', 'auth_time', 'sid']) assert.equal(second.claims()[name], tokens.claims()[name], `OpenID Connect Core §12.2: ${name}`);
  }
  const third = await oidc.refreshTokenGrant(config, second.refresh_token);
  await pause(grace);
  await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  await rejects(oidc.refreshTokenGrant(config, third.refresh_token), 'invalid_grant', 400);
  assert.ok(!(await alive(third.access_token)));
});

test('refresh: an answer that was lost can be asked for once more, at once', async () => {
  const config = await basic();
  const { tokens } = await signIn(config);
  await oidc.refreshTokenGrant(config, tokens.refresh_token);
  const again = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  await oidc.refreshTokenGrant(config, again.refresh_token);
});

test('refresh: an old token whose successor was used takes the family with it, at once', async () => {
  const config = await basic();
  const { tokens } = await signIn(config);
  const second = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  const third = await oidc.refreshTokenGrant(config, second.refresh_token);
  assert.ok(await alive(third.access_token));
  await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  await rejects(oidc.refreshTokenGrant(config, third.refresh_token), 'invalid_grant', 400);
  assert.ok(!(await alive(third.access_token)));
});

test('refresh: without rotation the same token works again', async () => {
  const config = await basic({ issuer: steady, metadata: { id_token_signed_response_alg: 'ES256' } });
  const { tokens } = await signIn(config);
  for (let round = 0; round < 3; round++) {
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    assert.ok(next.access_token);
    assert.ok(next.refresh_token === undefined || next.refresh_token === tokens.refresh_token);
  }
});

test('refresh: a public client rotates too', async () => {
  const config = await publicClient();
  const { tokens } = await signIn(config);
  const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(next.refresh_token, tokens.refresh_token);
});

test('refresh: the token of one client is refused for another, and stays good for its own', async () => {
  const config = await basic();
  const { tokens } = await signIn(config);
  refused(await token({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token }, { headers: basicHeader('narrow') }), 'invalid_grant');
  await oidc.refreshTokenGrant(config, tokens.refresh_token);
});

test('refresh: scopes can be narrowed and not widened, and narrowing is not for good', async () => {
  const config = await basic();
  const { tokens } = await signIn(config, { scope: 'openid notes.read notes.write' });
  await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token, { scope: 'openid notes.read other.read' }), 'invalid_scope', 400);
  const narrow = await oidc.refreshTokenGrant(config, tokens.refresh_token, { scope: 'openid notes.read' });
  assert.ok(!narrow.scope.split(' ').includes('notes.write'));
  const wide = await oidc.refreshTokenGrant(config, narrow.refresh_token);
  assert.ok(wide.scope.split(' ').includes('notes.write'), wide.scope);
});

test('refresh: a token with one letter changed, cut or longer is refused', async () => {
  const { tokens } = await signIn(await basic());
  const good = tokens.refresh_token;
  for (const bad of [good.slice(0, -1), `${good}A`, good.slice(0, -1) + (good.endsWith('A') ? 'B' : 'A'), good.toUpperCase(), `${good}=`]) {
    refused(await token({ grant_type: 'refresh_token', refresh_token: bad }), 'invalid_grant');
  }
  granted(await token({ grant_type: 'refresh_token', refresh_token: good }));
});

test('refresh: an access token, an ID token and a code are no refresh tokens', async () => {
  const { tokens, answer } = await signIn(await basic());
  for (const bad of [tokens.access_token, tokens.id_token, answer.searchParams.get('code')]) refused(await token({ grant_type: 'refresh_token', refresh_token: bad }), 'invalid_grant');
});

test('refresh: offline_access with prompt=consent gives a refresh token', async () => {
  const { tokens } = await signIn(await basic(), { scope: 'openid offline_access', prompt: 'consent' });
  assert.ok(tokens.refresh_token);
});

test('resource: each access token has one audience, and only the scopes of that one', async () => {
  const config = await basic();
  const parameters = { scope: 'openid notes.read other.read' };
  const { tokens } = await signIn(config, parameters, { tokenParameters: { resource: notes } });
  const audienceOf = ({ access_token: text }) => JSON.parse(Buffer.from(text.split('.')[1], 'base64url'));
  assert.equal(audienceOf(tokens).aud, notes);
  assert.ok(!audienceOf(tokens).scope.includes('other.read'));
  const second = await oidc.refreshTokenGrant(config, tokens.refresh_token, { resource: other });
  assert.equal(audienceOf(second).aud, other);
  assert.ok(!audienceOf(second).scope.includes('notes.read'));
  await rejects(oidc.refreshTokenGrant(config, second.refresh_token, { resource: 'https://evil.example/' }), 'invalid_target', 400);
});

test('resource: one that was not asked for at the authorization endpoint is refused at the token endpoint', async () => {
  const { redeem } = await fresh(undefined, { scope: 'openid notes.read other.read', resource: notes });
  refused(await token({ ...redeem, resource: other }), 'invalid_target');
});

test('client credentials: an access token for a resource, without a refresh token and without a user', async () => {
  const config = await discover('machine', oidc.ClientSecretBasic(secret));
  const tokens = await oidc.clientCredentialsGrant(config, { scope: 'notes.read' });
  assert.equal(tokens.refresh_token, undefined);
  assert.equal(tokens.id_token, undefined);
  const answer = await fetch((await metadata()).userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.ok([401, 403].includes(answer.status));
  for (const scope of ['openid', 'notes.write', 'offline_access']) await rejects(oidc.clientCredentialsGrant(config, { scope }), 'invalid_scope', 400);
  await rejects(oidc.clientCredentialsGrant(config, { resource: 'https://evil.example/' }), 'invalid_target', 400);
  await rejects(oidc.clientCredentialsGrant(await basic()), 'unauthorized_client', 400);
});

test('the alias of the token endpoint is the same endpoint', async () => {
  const { redeem } = await fresh();
  granted(await form(`${baseline}/oauth/token`, redeem, basicHeader()));
});

test('codes and tokens are long, and never the same', async () => {
  const config = await basic();
  const seen = new Set();
  for (let round = 0; round < 5; round++) {
    const { tokens, answer } = await signIn(config);
    for (const value of [answer.searchParams.get('code'), tokens.refresh_token, tokens.access_token]) {
      assert.ok(value.length >= 22 && !seen.has(value));
      seen.add(value);
    }
  }
});
