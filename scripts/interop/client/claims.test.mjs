// The claims parameter (OpenID Connect Core §5.5), response_mode=form_post (OAuth 2.0 Form Post Response Mode §2), userinfo as a
// signed JWT (§5.3.2).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { basic, signIn, Attempt } from './lib/clients.mjs';
import { baseline, callback } from './lib/house.mjs';
import { metadata } from './lib/raw.mjs';

const as = await metadata();
const config = await basic();
const flow = (claims, more) => signIn(config, { claims: typeof claims === 'string' ? claims : JSON.stringify(claims), ...more });

test('the metadata says what is supported', () => {
  assert.equal(as.claims_parameter_supported, true);
  assert.ok(as.response_modes_supported.includes('form_post'));
});

test('claims for userinfo are there, essential or not, without their scope', async () => {
  for (const wanted of [{ name: null }, { name: { essential: true } }, { name: { essential: true }, email: null }]) {
    const { tokens } = await flow({ userinfo: wanted }, { prompt: 'consent' });
    const user = await oidc.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
    for (const name of Object.keys(wanted)) assert.ok(name in user, `${name}: ${JSON.stringify(user)}`);
    assert.ok(!('phone_number' in user));
    assert.ok(!('name' in tokens.claims()), 'asked for at userinfo only');
  }
});

test('claims for the ID token are in it', async () => {
  const { tokens } = await flow({ id_token: { name: { essential: true }, auth_time: { essential: true } } }, { prompt: 'consent' });
  assert.equal(tokens.claims().name, 'Alice Liddell');
  assert.ok(tokens.claims().auth_time);
});

test('an essential acr that cannot be had, and claims nobody knows, are no error unless the acr is essential', async () => {
  const { tokens } = await flow({ id_token: { acr: { values: ['urn:unknown'] }, 'x-unknown': null }, userinfo: { 'x-unknown': { essential: true } } });
  assert.ok(tokens.claims().sub);
});

test('a sub that is asked for is the only one that is answered with', async () => {
  const { tokens, browser } = await signIn(config);
  const bob = (await signIn(config, {}, { username: 'bob' })).tokens.claims().sub;
  const ask = async (value) => {
    const attempt = await Attempt.of(config, { prompt: 'none', claims: JSON.stringify({ id_token: { sub: { value } } }) }, { browser });
    return (await attempt.open()).answer.searchParams.get('error');
  };
  assert.equal(await ask(tokens.claims().sub), null, 'control');
  assert.equal(await ask(bob), 'login_required');
  const attempt = await Attempt.of(config, { claims: JSON.stringify({ id_token: { sub: { value: bob } } }) });
  const page = await (await attempt.open()).signIn('alice');
  if (page.location) assert.ok(page.answer.searchParams.get('error'), 'OpenID Connect Core §5.5.1: not for another user');
});

for (const bad of ['{', '[]', '"text"', '{"id_token": []}', '{"userinfo": "x"}']) {
  test(`claims that are no claims request are invalid_request: ${bad}`, async () => {
    const { answer } = await (await Attempt.of(config, { claims: bad })).open();
    assert.equal(answer.searchParams.get('error'), 'invalid_request');
  });
}

// posted is what the page of a form_post answer sends to the client.
function posted(page) {
  assert.equal(page.status, 200, page.text);
  assert.equal(page.location, undefined);
  const form = /<form[^>]*method="post"[^>]*action="([^"]+)"[^>]*>|<form[^>]*action="([^"]+)"[^>]*method="post"[^>]*>/i.exec(page.text);
  assert.ok(form, page.text);
  assert.match(page.headers.get('cache-control'), /no-store/);
  assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
  assert.doesNotMatch(page.headers.get('content-security-policy'), /unsafe-inline/);
  const fields = new URLSearchParams();
  for (const input of page.text.match(/<input[^>]*type="hidden"[^>]*>/g) ?? []) {
    const name = /name="([^"]*)"/.exec(input)?.[1];
    if (name) fields.append(name, page.field(name));
  }
  return { action: (form[1] ?? form[2]).replaceAll('&amp;', '&').replaceAll('&#43;', '+'), fields };
}

async function formPost(parameters = {}) {
  const attempt = await Attempt.of(config, { response_mode: 'form_post', ...parameters });
  const page = await (await attempt.open()).approve();
  return { attempt, page, ...posted(page) };
}

test('form_post sends code, state and iss to the client, and nothing in a URL', async () => {
  const { attempt, action, fields, page } = await formPost({ state: undefined });
  assert.equal(action, callback);
  assert.equal(fields.get('iss'), baseline);
  assert.ok(fields.get('code'));
  assert.ok(page.text.includes('<noscript') || /<button/.test(page.text), 'it works without script');
  const request = new Request(action, { method: 'POST', body: fields, headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  const tokens = await oidc.authorizationCodeGrant(config, request, { pkceCodeVerifier: attempt.verifier, expectedNonce: attempt.nonce });
  assert.ok(tokens.access_token);
});

test('form_post keeps the state as it was, markup included', async () => {
  const state = '"><script>alert(1)</script>&x=\'1';
  const { fields, page } = await formPost({ state });
  assert.equal(fields.get('state'), state);
  assert.ok(!page.text.includes('<script>alert'));
});

test('form_post sends errors too', async () => {
  const attempt = await Attempt.of(config, { response_mode: 'form_post', prompt: 'none' });
  const { action, fields } = posted(await attempt.open());
  assert.equal(action, callback);
  assert.equal(fields.get('error'), 'login_required');
  assert.equal(fields.get('iss'), baseline);
  assert.equal(fields.get('state'), attempt.state);
});

test('form_post is allowed to go to the client and nowhere else', async () => {
  const { page } = await formPost();
  assert.match(page.headers.get('content-security-policy'), new RegExp(`form-action[^;]*${new URL(callback).origin}`));
});

test('userinfo as a signed JWT, for the client that is registered for it', async () => {
  const signed = await basic({ metadata: { userinfo_signed_response_alg: 'RS256' } }, 'signed-userinfo');
  const { tokens } = await signIn(signed, { scope: 'openid profile' });
  const user = await oidc.fetchUserInfo(signed, tokens.access_token, tokens.claims().sub);
  assert.equal(user.name, 'Alice Liddell');
  const response = await fetch(as.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } });
  assert.match(response.headers.get('content-type'), /^application\/jwt/);
  const jwks = jose.createLocalJWKSet(await (await fetch(as.jwks_uri)).json());
  const { payload } = await jose.jwtVerify(await response.text(), jwks, { issuer: baseline, audience: 'signed-userinfo' });
  assert.equal(payload.sub, tokens.claims().sub);
});
