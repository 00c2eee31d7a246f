// Pushed authorization requests: RFC 9126 §2 to §5, FAPI 2.0 §5.3.2.2 (one use, at completion and not at first load); security
// rows R33 and R34.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { basic, discover, publicClient, signIn, Attempt } from './lib/clients.mjs';
import { Browser } from './lib/browser.mjs';
import { callback, secret, steady } from './lib/house.mjs';
import { basicHeader, form, isPage, metadata, refused } from './lib/raw.mjs';

const as = await metadata();
const endpoint = as.pushed_authorization_request_endpoint;
const config = await basic();
const par = { par: true };
const challenge = await oidc.calculatePKCECodeChallenge(oidc.randomPKCECodeVerifier());
const good = { response_type: 'code', client_id: 'basic', redirect_uri: callback, scope: 'openid', state: 'pushed', code_challenge: challenge, code_challenge_method: 'S256' };

const push = (changes = {}, headers = basicHeader()) => {
  const fields = { ...good, ...changes };
  for (const name of Object.keys(fields)) if (fields[name] === undefined) delete fields[name];
  return form(endpoint, fields, headers);
};
const reference = async (changes) => (await push(changes)).body.request_uri;
const open = (parameters, browser = new Browser()) => browser.get(`${as.authorization_endpoint}?${new URLSearchParams(parameters)}`);

function notAnswered(page) {
  assert.ok(!page.has('password') && !page.has('consent_allow'), page.text);
  if (page.location) {
    assert.equal(page.answer.searchParams.get('code'), null, page.answer.href);
    assert.ok(page.answer.searchParams.get('error'));
  } else assert.equal(page.status, 400);
}

test('code flow with a pushed request', async () => {
  for (const client of [config, await publicClient()]) {
    const { attempt, answer, tokens } = await signIn(client, {}, par);
    assert.ok(tokens.access_token);
    assert.equal(answer.searchParams.get('state'), attempt.state);
  }
});

test('the browser sees the client and a reference, and nothing of what was pushed', async () => {
  const attempt = await Attempt.of(config, { login_hint: 'secret-hint' }, par);
  const url = await attempt.url();
  assert.deepEqual([...url.searchParams.keys()].sort(), ['client_id', 'request_uri']);
  assert.match(url.searchParams.get('request_uri'), /^urn:ietf:params:oauth:request_uri:.{22,}$/);
});

test('the answer is 201, for a short time, and kept by nobody', async () => {
  const answer = await push();
  assert.equal(answer.status, 201);
  assert.ok(answer.body.expires_in > 0 && answer.body.expires_in < 600);
  assert.match(answer.headers.get('cache-control'), /no-store/);
  assert.notEqual(answer.body.request_uri, (await push()).body.request_uri);
});

test('a request_uri works once; a page that is reloaded before the answer works', async () => {
  const uri = await reference();
  const parameters = { client_id: 'basic', request_uri: uri };
  const browser = new Browser();
  assert.ok((await open(parameters, browser)).has('password'));
  const page = await open(parameters, browser);
  assert.ok(page.has('password'), 'loaded twice before it is answered');
  const done = await page.approve();
  assert.ok(done.answer.searchParams.get('code'));
  notAnswered(await open(parameters, browser));
  notAnswered(await open(parameters));
});

test('of two answers to one request_uri one wins', async () => {
  const parameters = { client_id: 'basic', request_uri: await reference() };
  const [first, second] = [await open(parameters), await open(parameters)];
  const pages = await Promise.all([first, second].map(async (page) => page.signIn()));
  const answers = await Promise.all(pages.map(async (page) => (page.has('consent_allow') ? page.submit('consent_allow') : page)));
  assert.equal(answers.filter((page) => page.location?.searchParams.get('code')).length, 1);
});

test('a request_uri of another client is refused, and stays good for its own', async () => {
  const uri = await reference();
  notAnswered(await open({ client_id: 'post', request_uri: uri }));
  assert.ok((await open({ client_id: 'basic', request_uri: uri })).has('password'));
});

test('a request_uri of another issuer, forged, cut or somewhere else is refused', async () => {
  const uri = await reference();
  const far = await metadata(steady);
  const elsewhere = await new Browser().get(`${far.authorization_endpoint}?${new URLSearchParams({ client_id: 'basic', request_uri: uri })}`);
  notAnswered(elsewhere);
  for (const bad of [uri.slice(0, -1), `${uri}A`, `${uri} `, 'urn:ietf:params:oauth:request_uri:', `urn:ietf:params:oauth:request_uri:${'A'.repeat(60)}`, 'https://evil.example/r']) {
    notAnswered(await open({ client_id: 'basic', request_uri: bad }));
  }
});

test('a request_uri without client_id is refused', async () => isPage(await open({ request_uri: await reference() })));

test('parameters beside request_uri change nothing', async () => {
  const parameters = { client_id: 'basic', request_uri: await reference(), redirect_uri: 'https://evil.example/', state: 'planted', scope: 'openid notes.read', response_type: 'token', code_challenge: 'x' };
  const page = await open(parameters);
  if (page.location === undefined && page.status === 400) return;
  const done = await page.approve();
  assert.equal(done.answer.origin + done.answer.pathname, callback);
  assert.equal(done.answer.searchParams.get('state'), 'pushed');
});

test('a request_uri cannot be pushed', async () => refused(await push({ request_uri: await reference() }), 'invalid_request'));

test('who does not authenticate pushes nothing', async () => {
  refused(await push({}, {}), 'invalid_client');
  refused(await push({}, basicHeader('basic', 'wrong-wrong-wrong-wrong')), 'invalid_client');
});

for (const [what, changes, errors] of [
  ['an unregistered redirect URI', { redirect_uri: 'https://evil.example/' }, ['invalid_request', 'invalid_redirect_uri']],
  ['a redirect URI with more', { redirect_uri: `${callback}?x=1` }, ['invalid_request', 'invalid_redirect_uri']],
  ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }, ['invalid_request']],
  ['plain', { code_challenge_method: 'plain' }, ['invalid_request']],
  ['another response type', { response_type: 'token' }, ['unsupported_response_type']],
  ['no response type', { response_type: undefined }, ['invalid_request']],
  ['a scope that is not registered', { scope: 'openid admin' }, ['invalid_scope']],
  ['an unknown resource', { resource: 'https://evil.example/' }, ['invalid_target']],
  ['a request object', { request: 'e30.e30.' }, ['request_not_supported', 'invalid_request']],
  ['another client in the body', { client_id: 'post' }, ['invalid_request', 'invalid_client']],
]) {
  test(`${what} is refused when it is pushed`, async () => {
    const answer = await push(changes);
    assert.ok(errors.includes(answer.body?.error), `${answer.status} ${answer.text}`);
    assert.ok([400, 401].includes(answer.status));
  });
}

test('a repeated parameter is refused when it is pushed', async () => refused(await form(endpoint, [...Object.entries(good), ['state', 'again']], basicHeader()), 'invalid_request'));

test('the endpoint takes POST only', async () => assert.equal((await fetch(endpoint)).status, 405));

test('a client that has to push is refused without, and goes through with', async () => {
  const pushing = await discover('pushing', oidc.ClientSecretBasic(secret));
  notAnswered(await (await Attempt.of(pushing)).open());
  await signIn(pushing, {}, par);
});
