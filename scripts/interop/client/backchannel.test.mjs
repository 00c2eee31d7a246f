// Back-Channel Logout 1.0 §2.4 to §2.8: what the clients of a session are told when it ends. jose verifies the logout tokens.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createServer } from 'node:http';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { basic, signIn, Attempt } from './lib/clients.mjs';
import { app, appPort, baseline, bye } from './lib/house.mjs';
import { metadata } from './lib/raw.mjs';

const event = 'http://schemas.openid.net/event/backchannel-logout';
const as = await metadata();
const jwks = jose.createLocalJWKSet(await (await fetch(as.jwks_uri)).json());

// The client: it keeps what it is told, by path, and answers as the test says.
const told = new Map();
const answers = new Map();
let waiting = [];
const server = createServer(async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const list = told.get(request.url) ?? [];
  list.push({ method: request.method, headers: request.headers, body: new URLSearchParams(body) });
  told.set(request.url, list);
  response.writeHead(answers.get(request.url)?.shift() ?? 200, { 'cache-control': 'no-store' }).end();
  for (const wake of waiting.splice(0)) wake();
});
before(() => new Promise((resolve) => server.listen(appPort, 'localhost', resolve)));
after(() => {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(resolve));
});

// until waits for what the client is told; the time is only a bound for a server that never tells.
async function until(found) {
  const end = Date.now() + 15_000;
  while (!found()) {
    assert.ok(Date.now() < end, 'the client was never told');
    await Promise.race([new Promise((resolve) => waiting.push(resolve)), new Promise((resolve) => setTimeout(resolve, 200))]);
  }
}

const tokensAt = (path, sid) => (told.get(path) ?? []).map(({ body }) => body.get('logout_token')).filter((text) => !sid || jose.decodeJwt(text).sid === sid);

async function verify(text, audience) {
  const { payload, protectedHeader } = await jose.jwtVerify(text, jwks, { issuer: baseline, audience, typ: 'logout+jwt', requiredClaims: ['iat', 'exp', 'jti', 'events'], algorithms: as.id_token_signing_alg_values_supported });
  assert.ok(protectedHeader.kid);
  assert.deepEqual(payload.events, { [event]: {} });
  assert.equal(payload.nonce, undefined, '§2.4: a nonce is prohibited');
  assert.ok(payload.exp - payload.iat <= 120, '§4: two minutes at most');
  return payload;
}

const config = await basic(undefined, 'told');

test('the metadata says so', () => {
  assert.equal(as.backchannel_logout_supported, true);
  assert.equal(as.backchannel_logout_session_supported, true);
});

test('every client of the session is told, each with a token of its own, and no client of another session', async () => {
  const first = await signIn(config, { scope: 'openid notes.read' });
  const second = await signIn(await basic(undefined, 'told-too'), {}, { browser: first.browser });
  const elsewhere = await signIn(config);
  const sids = [first, second].map(({ tokens }) => tokens.claims().sid);
  await first.browser.get(oidc.buildEndSessionUrl(config, { id_token_hint: first.tokens.id_token, post_logout_redirect_uri: bye }));
  await until(() => tokensAt('/told', sids[0]).length > 0 && tokensAt('/told-too', sids[1]).length > 0);
  const tokens = [await verify(tokensAt('/told', sids[0])[0], 'told'), await verify(tokensAt('/told-too', sids[1])[0], 'told-too')];
  assert.equal(tokens[0].sub, first.tokens.claims().sub);
  assert.equal(tokens[0].sid, sids[0]);
  assert.equal(tokens[1].sid, sids[1]);
  assert.notEqual(tokens[0].jti, tokens[1].jti);
  assert.equal(tokensAt('/told', elsewhere.tokens.claims().sid).length, 0);
  const [request] = told.get('/told');
  assert.equal(request.method, 'POST');
  assert.match(request.headers['content-type'], /^application\/x-www-form-urlencoded/);
  assert.deepEqual([...request.body.keys()], ['logout_token']);
  assert.equal(request.headers.cookie, undefined);
});

test('the confirmation page tells them too', async () => {
  const { browser, tokens } = await signIn(config);
  await (await browser.get(as.end_session_endpoint)).submit('logout_yes');
  await until(() => tokensAt('/told', tokens.claims().sid).length > 0);
});

test('a client that is down for a moment is told again, with another jti', async () => {
  const { browser, tokens } = await signIn(config);
  answers.set('/told', [503]);
  await browser.get(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }));
  const { sid } = tokens.claims();
  await until(() => tokensAt('/told', sid).length >= 2);
  const ids = await Promise.all(tokensAt('/told', sid).map(async (text) => (await verify(text, 'told')).jti));
  assert.equal(new Set(ids).size, ids.length);
});

test('a client that refuses is not told again', async () => {
  const { browser, tokens } = await signIn(config);
  answers.set('/told', [400]);
  await browser.get(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }));
  const { sid } = tokens.claims();
  await until(() => tokensAt('/told', sid).length > 0);
  await new Promise((resolve) => setTimeout(resolve, 2500));
  assert.equal(tokensAt('/told', sid).length, 1);
});

test('a redirect is not followed', async () => {
  const { browser, tokens } = await signIn(config);
  answers.set('/told', [307]);
  await browser.get(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }));
  await until(() => tokensAt('/told', tokens.claims().sid).length > 0);
  assert.deepEqual([...told.keys()].filter((path) => !path.startsWith('/told')), []);
});

test('another user who signs in at the same browser ends the first one\'s session, and its clients are told', async () => {
  const { browser, tokens } = await signIn(config);
  const attempt = await Attempt.of(config, { prompt: 'login' }, { browser, username: 'bob' });
  await attempt.authorize();
  await until(() => tokensAt('/told', tokens.claims().sid).length > 0);
});

test('a session that went on through a fresh sign-in ends under every sid that the client knows it by', async () => {
  const first = await signIn(config);
  const again = await signIn(config, { prompt: 'login' }, { browser: first.browser });
  await first.browser.get(oidc.buildEndSessionUrl(config, { id_token_hint: again.tokens.id_token }));
  for (const { tokens } of [first, again]) await until(() => tokensAt('/told', tokens.claims().sid).length > 0);
});

test('a logout token is no ID token, no hint and no assertion', async () => {
  const { browser, tokens } = await signIn(config);
  await browser.get(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token }));
  await until(() => tokensAt('/told', tokens.claims().sid).length > 0);
  const [logoutToken] = tokensAt('/told', tokens.claims().sid);
  const again = await signIn(config);
  const page = await again.browser.get(`${as.end_session_endpoint}?${new URLSearchParams({ id_token_hint: logoutToken, post_logout_redirect_uri: bye })}`);
  assert.equal(page.location, undefined);
  assert.ok(app);
});
