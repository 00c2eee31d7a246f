// Who is asked to sign in, and when: OpenID Connect Core §3.1.2.1 (prompt, max_age, id_token_hint), §3.1.2.6, §2 (auth_time).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { basic, post, signIn, Attempt } from './lib/clients.mjs';
import { Browser } from './lib/browser.mjs';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

// signedIn is a browser whose user has signed in and consented once.
async function signedIn(username = 'alice', config) {
  const first = await signIn(config ?? (await basic()), {}, { username });
  return { ...first, claims: first.tokens.claims() };
}

async function silent(config, browser, parameters = {}) {
  const attempt = await Attempt.of(config, { prompt: 'none', ...parameters }, { browser });
  const page = await attempt.open();
  return { attempt, answer: page.answer, error: page.answer.searchParams.get('error') };
}

test('single sign-on: a second client of the same user asks for no password', async () => {
  const { browser, claims } = await signedIn();
  const second = await signIn(await post(), { prompt: 'consent' }, { browser });
  assert.deepEqual(second.asked, ['consent']);
  assert.equal(second.tokens.claims().sub, claims.sub);
  assert.equal(second.tokens.claims().auth_time, claims.auth_time);
});

test('prompt=none is silent for a user who is signed in', async () => {
  const config = await basic();
  const { browser, claims } = await signedIn('alice', config);
  const { attempt, answer, error } = await silent(config, browser);
  assert.equal(error, null);
  const tokens = await attempt.redeem(answer);
  assert.equal(tokens.claims().sub, claims.sub);
  assert.equal(tokens.claims().auth_time, claims.auth_time);
});

test('prompt=none without consent is consent_required', async () => {
  const { browser } = await signedIn('dave');
  const { error } = await silent(await post(), browser);
  assert.equal(error, 'consent_required');
});

test('prompt=none with a max_age that is exceeded is login_required', async () => {
  const config = await basic();
  const { browser } = await signedIn('alice', config);
  await pause(1100);
  assert.equal((await silent(config, browser, { max_age: '1' })).error, 'login_required');
  assert.equal((await silent(config, browser, { max_age: '1000' })).error, null, 'control');
});

test('prompt=login asks again, and auth_time is later', async () => {
  const config = await basic();
  const { browser, claims } = await signedIn('alice', config);
  await pause(1100);
  const again = await signIn(config, { prompt: 'login' }, { browser });
  assert.deepEqual(again.asked, ['login']);
  assert.ok(again.tokens.claims().auth_time > claims.auth_time);
  assert.equal(again.tokens.claims().sub, claims.sub);
});

test('prompt=select_account asks who it is', async () => {
  const { browser } = await signedIn();
  assert.deepEqual((await signIn(await basic(), { prompt: 'select_account' }, { browser })).asked, ['login']);
});

test('max_age that is exceeded asks again, and the client can check it', async () => {
  const config = await basic();
  const { browser, claims } = await signedIn('alice', config);
  await pause(2100);
  const again = await signIn(config, { max_age: '1' }, { browser, checks: { maxAge: 1 } });
  assert.deepEqual(again.asked, ['login']);
  assert.ok(again.tokens.claims().auth_time > claims.auth_time);
});

test('max_age that is not exceeded asks nothing, and auth_time is in the ID token', async () => {
  const config = await basic();
  const { browser, claims } = await signedIn('alice', config);
  const again = await signIn(config, { max_age: '10000' }, { browser, checks: { maxAge: 10000 } });
  assert.deepEqual(again.asked, []);
  assert.equal(again.tokens.claims().auth_time, claims.auth_time);
});

test('max_age=0 asks always', async () => {
  const config = await basic();
  const { browser } = await signedIn('alice', config);
  assert.deepEqual((await signIn(config, { max_age: '0' }, { browser })).asked, ['login']);
});

test('an id_token_hint for the same user is silent, for another is not', async () => {
  const config = await basic();
  const alice = await signedIn('alice', config);
  const bob = await signedIn('bob', config);
  assert.equal((await silent(config, alice.browser, { id_token_hint: alice.tokens.id_token })).error, null);
  assert.equal((await silent(config, alice.browser, { id_token_hint: bob.tokens.id_token })).error, 'login_required');
  const asked = await Attempt.of(config, { id_token_hint: bob.tokens.id_token }, { browser: alice.browser });
  assert.ok((await asked.open()).has('password'), 'the expected user can sign in');
});

test('a user other than the one hinted at does not come back to the client', async () => {
  const config = await basic();
  const bob = await signedIn('bob', config);
  const attempt = await Attempt.of(config, { id_token_hint: bob.tokens.id_token });
  const page = await (await attempt.open()).signIn('alice');
  if (!page.location) return; // it asks on, or says so
  const error = page.answer.searchParams.get('error');
  assert.ok(error, `OpenID Connect Core §3.1.2.2: no positive answer for another user than the one requested: ${page.answer.search}`);
});

test('an ID token of another issuer is no hint', async () => {
  const config = await basic();
  const { browser, tokens } = await signedIn('alice', config);
  const [header, payload, signature] = tokens.id_token.split('.');
  const forged = [header, payload, signature.startsWith('A') ? `B${signature.slice(1)}` : `A${signature.slice(1)}`].join('.');
  assert.equal((await silent(config, browser, { id_token_hint: forged })).error, 'invalid_request');
});

test('a wrong password keeps the user at the form and says nothing about the account', async () => {
  const pages = [];
  for (const username of ['alice', 'nobody-of-this-name']) {
    const page = await (await (await Attempt.of(await basic())).open()).signIn(username, 'not the password');
    assert.ok(page.has('password'));
    assert.equal(page.field('password'), '');
    pages.push(page.text.replaceAll(username, '').replace(/(value|action)="[^"]*"|&#34;challenge&#34;:&#34;[\w-]{43}&#34;/g, ''));
  }
  assert.equal(pages[0], pages[1]);
});

test('a cancelled sign-in is access_denied', async () => {
  const page = await (await (await Attempt.of(await basic())).open()).submit('cancel');
  assert.equal(page.answer.searchParams.get('error'), 'access_denied');
});

test('the session is new with every sign-in (no fixation)', async () => {
  const config = await basic();
  const { browser } = await signedIn('alice', config);
  const sessionOf = () => [...browser.cookies.values()].find(({ name }) => name.endsWith('.session')).value;
  const before = sessionOf();
  await signIn(config, { prompt: 'login' }, { browser });
  assert.notEqual(sessionOf(), before);
  const old = new Browser();
  for (const cookie of browser.cookies.values()) if (cookie.name.endsWith('.session')) old.cookies.set(cookie.name, { ...cookie, value: before });
  assert.equal((await silent(config, old)).error, 'login_required');
});

test('two sessions have different sids, and one session keeps its own', async () => {
  const config = await basic();
  const first = await signedIn('alice', config);
  const second = await signedIn('alice', config);
  assert.notEqual(first.claims.sid, second.claims.sid);
  const { attempt, answer } = await silent(config, first.browser);
  assert.equal((await attempt.redeem(answer)).claims().sid, first.claims.sid);
});

test('the answer is for one client, one state and one issuer', async () => {
  const config = await basic();
  const attempt = await Attempt.of(config);
  const answer = await attempt.authorize();
  const as = config.serverMetadata();
  const client = { client_id: 'basic' };
  const changed = (name, value) => {
    const url = new URL(answer);
    if (value === undefined) url.searchParams.delete(name);
    else url.searchParams.set(name, value);
    return url;
  };
  oauth.validateAuthResponse(as, client, answer, attempt.state);
  for (const url of [changed('iss'), changed('iss', `${as.issuer}/`), changed('state', 'other'), changed('state')]) {
    assert.throws(() => oauth.validateAuthResponse(as, client, url, attempt.state), oauth.OperationProcessingError);
  }
});
