// The authorization endpoint: OpenID Connect Core §3.1.2, RFC 6749 §4.1.1 and §4.1.2.1, RFC 7636 §4.4.1, RFC 9207, RFC 9700
// §2.1 and §4.1. What is wrong before the redirect URI is known to be the client's is a page; the rest goes to the client.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { basic, publicClient, signIn, Attempt } from './lib/clients.mjs';
import { Browser } from './lib/browser.mjs';
import { app, baseline, callback } from './lib/house.mjs';
import { isPage, metadata } from './lib/raw.mjs';

const challenge = await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier());
const good = { response_type: 'code', client_id: 'basic', redirect_uri: callback, scope: 'openid', state: 'the state', nonce: 'the nonce', code_challenge: challenge, code_challenge_method: 'S256' };

// ask sends an authorization request as it is, and follows no redirect.
async function ask(changes, { pairs = [], method = 'GET', browser = new Browser() } = {}) {
  const fields = new URLSearchParams();
  for (const [name, value] of Object.entries({ ...good, ...changes })) if (value !== undefined) fields.append(name, value);
  for (const [name, value] of pairs) fields.append(name, value);
  const endpoint = (await metadata()).authorization_endpoint;
  return method === 'GET' ? browser.get(`${endpoint}?${fields}`) : browser.post(endpoint, fields);
}

function toClient(page, error) {
  assert.equal(page.status, 303, page.text);
  assert.equal(page.answer.origin + page.answer.pathname, callback);
  assert.equal(page.answer.searchParams.get('error'), error, page.answer.href);
  assert.equal(page.answer.searchParams.get('state'), 'the state');
  assert.equal(page.answer.searchParams.get('iss'), baseline, 'RFC 9207 §2: in errors too');
  assert.equal(page.answer.hash, '');
  assert.equal(page.answer.searchParams.get('code'), null);
}

test('control: the request that every case below changes leads to the sign-in page', async () => {
  for (const method of ['GET', 'POST']) assert.ok((await ask({}, { method })).has('password'), method);
});

const foreign = [
  `${callback}/`, `${callback}?extra=1`, `${callback}?`, `${callback}#fragment`, `${callback}/../callback`, callback.replace('callback', 'Callback'), callback.replace('http:', 'HTTP:'),
  callback.replace('localhost', 'LOCALHOST'), callback.replace('localhost', '127.0.0.1'), callback.replace(/:\d+/, ':1'), callback.replace('http:', 'https:'), callback.replace('callback', '%63allback'),
  callback.replace('localhost', 'user@localhost'), callback.replace('localhost', 'localhost.evil.example'), `https://evil.example/?${callback}`, `${callback};a`, `${callback}%09`, ` ${callback}`, `${callback}\t`,
  `${app}/callback?keep=this&more=1`, `${app}/callback?keep=That`, 'javascript:alert(1)', '//evil.example/callback', '/callback', `${app}\\@evil.example`, '*',
];
for (const uri of foreign) {
  test(`a redirect URI that is not registered is a page: ${uri.replace(app, '{app}')}`, async () => isPage(await ask({ redirect_uri: uri })));
}

test('a client with two redirect URIs has to say which', async () => isPage(await ask({ redirect_uri: undefined })));
test('an unknown client is a page', async () => isPage(await ask({ client_id: 'nobody' })));
test('a missing client is a page', async () => isPage(await ask({ client_id: undefined })));

for (const [name, value] of [['client_id', 'public'], ['redirect_uri', 'https://evil.example/'], ['state', 'another'], ['scope', 'openid'], ['code_challenge', challenge], ['response_type', 'code'], ['nonce', 'x']]) {
  for (const method of ['GET', 'POST']) {
    test(`a repeated ${name} is an error, by ${method}`, async () => {
      const page = await ask({}, { pairs: [[name, value]], method });
      assert.ok(!page.has('password'));
      if (page.location) toClient(page, 'invalid_request');
      else isPage(page);
    });
  }
}

test('parameters in the query and in the body are not mixed', async () => {
  const endpoint = (await metadata()).authorization_endpoint;
  isPage(await new Browser().post(`${endpoint}?redirect_uri=${encodeURIComponent('https://evil.example/')}`, good));
});

for (const [what, changes, error] of [
  ['no response_type', { response_type: undefined }, 'invalid_request'],
  ['response_type token', { response_type: 'token' }, 'unsupported_response_type'],
  ['response_type id_token', { response_type: 'id_token' }, 'unsupported_response_type'],
  ['response_type code token', { response_type: 'code token' }, 'unsupported_response_type'],
  ['response_type code id_token', { response_type: 'code id_token' }, 'unsupported_response_type'],
  ['response_type none', { response_type: 'none' }, 'unsupported_response_type'],
  ['response_mode fragment', { response_mode: 'fragment' }, 'invalid_request'],
  ['response_mode web_message', { response_mode: 'web_message' }, 'invalid_request'],
  ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }, 'invalid_request'],
  ['challenge method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
  ['no challenge method, which means plain', { code_challenge_method: undefined }, 'invalid_request'],
  ['challenge method S512', { code_challenge_method: 'S512' }, 'invalid_request'],
  ['a challenge that is too short', { code_challenge: challenge.slice(1) }, 'invalid_request'],
  ['a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
  ['a request_uri of somebody', { request_uri: 'https://evil.example/request.jwt' }, 'request_uri_not_supported'],
  ['prompt none with login', { prompt: 'none login' }, 'invalid_request'],
  ['prompt none without a session', { prompt: 'none' }, 'login_required'],
  ['max_age that is no number', { max_age: 'soon' }, 'invalid_request'],
  ['a negative max_age', { max_age: '-1' }, 'invalid_request'],
  ['an id_token_hint that is none', { id_token_hint: 'e30.e30.e30' }, 'invalid_request'],
  ['a scope that is not the client\'s', { scope: 'openid admin' }, 'invalid_scope'],
  ['a resource that is unknown', { resource: 'https://evil.example/' }, 'invalid_target'],
  ['a resource with a fragment', { resource: 'https://notes.example/#x' }, 'invalid_target'],
]) {
  for (const method of ['GET', 'POST']) test(`${what}: ${error}, by ${method}`, async () => toClient(await ask(changes, { method }), error));
}

test('a public client has to send a challenge', async () => {
  toClient(await ask({ client_id: 'public', code_challenge: undefined, code_challenge_method: undefined }), 'invalid_request');
});

for (const [what, changes] of [
  ['display', { display: 'popup' }], ['an unknown display', { display: 'hologram' }], ['ui_locales', { ui_locales: 'se de tlh' }], ['claims_locales', { claims_locales: 'se' }], ['acr_values', { acr_values: '1 2 urn:x' }],
  ['login_hint', { login_hint: 'somebody@example.test' }], ['an unknown parameter', { 'x-unknown': '1' }], ['an empty parameter', { prompt: '' }], ['a nonce of 64 characters', { nonce: 'n'.repeat(64) }],
  ['a long state', { state: 's'.repeat(2000) }], ['markup in the state', { state: '"><script>alert(1)</script>&x=1' }],
]) {
  test(`${what} causes no error`, async () => {
    const page = await (await ask(changes)).approve();
    assert.ok(page.answer.searchParams.get('code'), page.answer.href);
    assert.equal(page.answer.searchParams.get('state'), changes.state ?? 'the state');
  });
}

test('login_hint is in the form, and markup in it is text', async () => {
  const page = await ask({ login_hint: '"><b id="planted">' });
  assert.equal(page.field('username'), '"><b id="planted">');
  assert.ok(!page.has('planted'));
});

test('the request may come by POST from the client\'s page', async () => {
  const attempt = await Attempt.of(await basic());
  const url = await attempt.url();
  const page = await (await attempt.browser.post(url.origin + url.pathname, url.searchParams)).approve();
  await attempt.redeem(page.answer);
});

test('the pages cannot be framed, sniffed, cached or followed by a referrer', async () => {
  const login = await ask({});
  const consent = await (await ask({ prompt: 'consent' })).signIn();
  assert.ok(consent.has('consent_allow'));
  for (const page of [login, consent, await ask({ client_id: 'nobody' })]) {
    assert.match(page.headers.get('content-security-policy'), /default-src 'none'/);
    assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
    assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe/);
    assert.equal(page.headers.get('x-frame-options'), 'DENY');
    assert.equal(page.headers.get('referrer-policy'), 'no-referrer');
    assert.equal(page.headers.get('x-content-type-options'), 'nosniff');
    assert.match(page.headers.get('cache-control'), /no-store/);
  }
});

test('cookies are for the server alone, and hidden from script', async () => {
  const browser = new Browser();
  await (await ask({}, { browser })).approve();
  assert.ok(browser.cookies.size > 0);
  for (const { name, attributes } of browser.cookies.values()) {
    assert.match(name, /^__Host-/);
    assert.ok(attributes.has('secure') && attributes.has('httponly') && !attributes.has('domain'), name);
    assert.equal(attributes.get('path'), '/');
    assert.match(attributes.get('samesite'), /^(Lax|Strict)$/i);
  }
});

test('a form of one browser does not work in another', async () => {
  const page = await ask({});
  page.browser = new Browser();
  const stolen = await page.signIn();
  assert.equal(stolen.location, undefined);
  assert.ok(!stolen.has('consent_allow'));
});

test('the consent page names the client, where the answer goes, and the scopes in words', async () => {
  const consent = await (await ask({ prompt: 'consent', scope: 'openid notes.read' })).signIn();
  for (const words of ['Client with a secret in the header', new URL(app).host, 'Read your notes']) assert.ok(consent.text.includes(words), words);
});

test('a consent is remembered, asked for again when the scopes grow, and kept apart by client', async () => {
  const browser = new Browser();
  const options = { browser, username: 'carol' };
  const asked = async (config, scope, more) => (await signIn(config, { scope, ...more }, options)).asked;
  assert.deepEqual(await asked(await basic(), 'openid'), ['login', 'consent']);
  assert.deepEqual(await asked(await basic(), 'openid'), []);
  assert.deepEqual(await asked(await basic(), 'openid notes.read'), ['consent']);
  assert.deepEqual(await asked(await basic(), 'openid', { prompt: 'consent' }), ['consent']);
  assert.deepEqual(await asked(await publicClient(), 'openid'), ['consent']);
});
