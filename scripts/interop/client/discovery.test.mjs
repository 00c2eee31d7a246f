// Metadata and keys: OpenID Connect Discovery §3 and §4, RFC 8414 §2 and §3, RFC 7517. Each row is what a certified provider
// has to publish.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { baseline, steady } from './lib/house.mjs';
import { insecure, metadata } from './lib/raw.mjs';

test('the metadata is complete, and the issuer is the prefix of its address', async () => {
  const as = await metadata();
  assert.equal(as.issuer, baseline);
  for (const [name, wanted] of Object.entries({
    scopes_supported: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
    response_types_supported: ['code'],
    grant_types_supported: ['authorization_code', 'refresh_token', 'client_credentials'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    claims_supported: ['sub', 'iss', 'auth_time', 'acr', 'name', 'email', 'email_verified', 'address', 'phone_number'],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
  })) {
    for (const value of wanted) assert.ok(as[name]?.includes(value), `${name} has ${value}: ${as[name]}`);
  }
  assert.deepEqual(as.response_types_supported, ['code'], 'no token in a URL (RFC 9700 §2.1.2)');
  assert.deepEqual(as.code_challenge_methods_supported, ['S256']);
  assert.equal(as.authorization_response_iss_parameter_supported, true);
  for (const name of ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint', 'jwks_uri', 'revocation_endpoint', 'end_session_endpoint']) {
    assert.ok(as[name]?.startsWith(`${baseline}/`), `${name}: ${as[name]}`);
  }
  assert.equal(typeof as.backchannel_logout_supported, 'boolean');
  assert.equal(typeof as.backchannel_logout_session_supported, 'boolean');
  assert.equal(as.request_parameter_supported ?? false, false);
  assert.equal(as.request_uri_parameter_supported, false, 'its default is true (OpenID Connect Discovery §3)');
});

test('the metadata is the same at all three addresses', async () => {
  const url = new URL(baseline);
  const answers = await Promise.all(
    [`${baseline}/.well-known/openid-configuration`, `${baseline}/.well-known/oauth-authorization-server`, `${url.origin}/.well-known/oauth-authorization-server${url.pathname}`].map(
      async (address) => (await fetch(address)).json(),
    ),
  );
  assert.deepEqual(answers[1], answers[0]);
  assert.deepEqual(answers[2], answers[0]);
  const asOAuth = await oauth.discoveryRequest(url, { ...insecure, algorithm: 'oauth2' });
  assert.equal((await oauth.processDiscoveryResponse(url, asOAuth)).issuer, baseline);
});

test('the metadata of one issuer is refused for another', async () => {
  const response = await fetch(`${baseline}/.well-known/openid-configuration`);
  await assert.rejects(oauth.processDiscoveryResponse(new URL(steady), response));
});

test('the keys are public, distinct and say what they are for', async () => {
  for (const issuer of [baseline, steady]) {
    const as = await metadata(issuer);
    const { keys } = await (await fetch(as.jwks_uri)).json();
    assert.ok(keys.length > 0);
    assert.equal(new Set(keys.map((key) => key.kid)).size, keys.length, 'every key has its own kid');
    for (const key of keys) {
      for (const secret of ['d', 'p', 'q', 'dp', 'dq', 'qi', 'k']) assert.equal(key[secret], undefined, `${key.kid} has ${secret}`);
      assert.equal(key.use, 'sig');
      assert.ok(key.kid && key.alg && key.kty);
    }
    for (const alg of as.id_token_signing_alg_values_supported) assert.ok(keys.some((key) => key.alg === alg), `a key for ${alg}`);
  }
});

test('two issuers share no key', async () => {
  const kids = await Promise.all([baseline, steady].map(async (issuer) => (await (await fetch((await metadata(issuer)).jwks_uri)).json()).keys.map((key) => key.kid)));
  assert.ok(kids[0].every((kid) => !kids[1].includes(kid)));
});

test('no endpoint answers with CORS headers', async () => {
  const as = await metadata();
  for (const address of [as.issuer + '/.well-known/openid-configuration', as.authorization_endpoint, as.token_endpoint, as.userinfo_endpoint, as.end_session_endpoint]) {
    for (const method of ['OPTIONS', 'GET', 'POST']) {
      const response = await fetch(address, { method, headers: { origin: 'https://evil.example', 'access-control-request-method': 'POST' }, redirect: 'manual' });
      await response.arrayBuffer();
      for (const [name] of response.headers) assert.doesNotMatch(name, /^access-control-/i, `${method} ${address}`);
    }
  }
});
