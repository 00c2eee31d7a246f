// Sign-out at the server: RP-Initiated Logout §2 and §3. It redirects only for a client that proves itself by an ID token, and
// only to exactly what that client registered; everything else is a page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oidc from 'openid-client';
import { basic, post, signIn, rejects, Attempt } from './lib/clients.mjs';
import { Browser } from './lib/browser.mjs';
import { app, bye, steady } from './lib/house.mjs';
import { metadata } from './lib/raw.mjs';

const { end_session_endpoint: endpoint } = await metadata();
const config = await basic();
const query = (parameters) => `${endpoint}?${new URLSearchParams(parameters)}`;

async function signedIn(browser) {
  const attempt = await Attempt.of(config, { prompt: 'none' }, { browser });
  return (await attempt.open()).answer.searchParams.get('error') === null;
}

function staysHere(page) {
  assert.equal(page.location, undefined, `no redirect: ${page.location}`);
  assert.match(page.headers.get('content-type'), /^text\/html/);
}

test('logout as openid-client builds it goes back to the client with its state, and the session is over', async () => {
  const { browser, tokens } = await signIn(config, { scope: 'openid notes.read' });
  assert.ok(await signedIn(browser), 'control');
  const url = oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 'the & state' });
  const page = await browser.get(url);
  assert.equal(page.answer.origin + page.answer.pathname, bye);
  assert.equal(page.answer.searchParams.get('state'), 'the & state');
  assert.ok(!(await signedIn(browser)));
  await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  await assert.rejects(oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub));
});

test('logout by POST is the same', async () => {
  const { browser, tokens } = await signIn(config);
  const page = await browser.post(endpoint, { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 'x' });
  assert.equal(page.answer.href, `${bye}?state=x`);
  assert.ok(!(await signedIn(browser)));
});

test('a registered address with a query keeps it', async () => {
  const { browser, tokens } = await signIn(config);
  const page = await browser.get(query({ id_token_hint: tokens.id_token, post_logout_redirect_uri: `${bye}?keep=this`, state: 'x' }));
  assert.equal(page.answer.href, `${bye}?keep=this&state=x`);
});

test('without state there is none in the answer', async () => {
  const { browser, tokens } = await signIn(config);
  assert.equal((await browser.get(query({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye }))).answer.href, bye);
});

test('without parameters the user is asked, signed out by yes, and told so', async () => {
  const { browser } = await signIn(config);
  const page = await browser.get(endpoint);
  staysHere(page);
  assert.ok(page.has('logout_yes') && page.has('logout_no'));
  assert.ok(await signedIn(browser), 'nothing has happened yet');
  const done = await page.submit('logout_yes');
  staysHere(done);
  assert.match(done.text, /signed out/i);
  assert.ok(!(await signedIn(browser)));
});

test('without parameters no keeps the session', async () => {
  const { browser } = await signIn(config);
  staysHere(await (await browser.get(endpoint)).submit('logout_no'));
  assert.ok(await signedIn(browser));
});

test('the confirmation of one browser is worth nothing in another', async () => {
  const mallory = await signIn(config, {}, { username: 'bob' });
  const victim = await signIn(config);
  const page = await mallory.browser.get(endpoint);
  page.browser = victim.browser;
  await page.submit('logout_yes');
  assert.ok(await signedIn(victim.browser));
});

for (const appended of [`${bye}/`, `${bye}?x=1`, `${bye}#x`, `${bye}/..`, `${bye}%2f`, 'https://evil.example/bye', `${app}/BYE`, `${bye};x`, `https://evil.example/?${bye}`, '//evil.example', 'javascript:alert(1)', `${app}/callback`, ' ']) {
  test(`an address that is not registered is never gone to: ${appended.replace(app, '{app}')}`, async () => {
    const { browser, tokens } = await signIn(config);
    staysHere(await browser.get(query({ id_token_hint: tokens.id_token, post_logout_redirect_uri: appended, state: 'x' })));
  });
}

const hints = {
  'no hint': () => undefined,
  'an empty hint': () => '',
  'a hint that is no token': () => 'nonsense',
  'a hint without signature': (token) => `${Buffer.from('{"alg":"none"}').toString('base64url')}.${token.split('.')[1]}.`,
  'a hint with another signature': (token) => token.replace(/[^.]{8}$/, 'AAAAAAAA'),
  'a hint with the signature removed': (token) => token.replace(/[^.]*$/, ''),
};
for (const [what, make] of Object.entries(hints)) {
  test(`${what}: a page, and no redirect`, async () => {
    const { browser, tokens } = await signIn(config);
    const hint = make(tokens.id_token);
    staysHere(await browser.get(query({ ...(hint !== undefined && { id_token_hint: hint }), post_logout_redirect_uri: bye, state: 'x' })));
    assert.ok(await signedIn(browser), 'nobody was signed out without being asked');
  });
}

test('a hint signed with a key of somebody else: a page, and no redirect', async () => {
  const { browser, tokens } = await signIn(config);
  const { privateKey } = await crypto.subtle.generateKey({ name: 'RSASSA-PKCS1-v1_5', modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]), hash: 'SHA-256' }, true, ['sign', 'verify']);
  const signed = tokens.id_token.split('.').slice(0, 2).join('.');
  const signature = Buffer.from(await crypto.subtle.sign('RSASSA-PKCS1-v1_5', privateKey, Buffer.from(signed))).toString('base64url');
  staysHere(await browser.get(query({ id_token_hint: `${signed}.${signature}`, post_logout_redirect_uri: bye })));
  assert.ok(await signedIn(browser));
});

test('a hint of another issuer: a page, and no redirect', async () => {
  const { browser } = await signIn(config);
  const far = await signIn(await basic({ issuer: steady, metadata: { id_token_signed_response_alg: 'ES256' } }));
  staysHere(await browser.get(query({ id_token_hint: far.tokens.id_token, post_logout_redirect_uri: bye })));
  assert.ok(await signedIn(browser));
});

test('an access token is no hint', async () => {
  const { browser, tokens } = await signIn(config);
  staysHere(await browser.get(query({ id_token_hint: tokens.access_token, post_logout_redirect_uri: bye })));
  assert.ok(await signedIn(browser));
});

test('a hint for another user does not sign the current user out unasked', async () => {
  const alice = await signIn(config);
  const bob = await signIn(config, {}, { username: 'bob' });
  staysHere(await alice.browser.get(query({ id_token_hint: bob.tokens.id_token, post_logout_redirect_uri: bye })));
  assert.ok(await signedIn(alice.browser));
});

test('a client_id that is not the hint\'s is an error', async () => {
  const { browser, tokens } = await signIn(config);
  const page = await browser.get(query({ id_token_hint: tokens.id_token, client_id: 'post', post_logout_redirect_uri: bye }));
  staysHere(page);
  assert.equal(page.status, 400);
});

test('a repeated parameter is an error', async () => {
  const { browser, tokens } = await signIn(config);
  const page = await browser.get(`${query({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye })}&post_logout_redirect_uri=${encodeURIComponent('https://evil.example/')}`);
  staysHere(page);
  assert.equal(page.status, 400);
});

test('signing out ends the access of every client of the session, and of no other session', async () => {
  const { browser, tokens } = await signIn(config);
  const second = await signIn(await post(), {}, { browser });
  const elsewhere = await signIn(config);
  await browser.get(query({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye }));
  await rejects(oidc.refreshTokenGrant(await post(), second.tokens.refresh_token), 'invalid_grant', 400);
  await oidc.refreshTokenGrant(config, elsewhere.tokens.refresh_token);
});

test('a grant that is offline outlives the session', async () => {
  const { browser, tokens } = await signIn(config, { scope: 'openid offline_access', prompt: 'consent' });
  await browser.get(query({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye }));
  assert.ok(!(await signedIn(browser)));
  await oidc.refreshTokenGrant(config, tokens.refresh_token);
});

test('logout of a browser that is signed out already goes back to the client', async () => {
  const { tokens } = await signIn(config);
  const page = await new Browser().get(query({ id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 'x' }));
  assert.equal(page.answer.href, `${bye}?state=x`);
});
