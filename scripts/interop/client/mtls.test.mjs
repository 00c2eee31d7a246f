// Clients with certificates: RFC 8705 §2 (authentication), §3 (bound tokens) and §5 (aliases); security row R23 (a certificate in
// a header of anybody is worth nothing).
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as jose from 'jose';
import * as oidc from 'openid-client';
import { signIn } from './lib/clients.mjs';
import { fetchWith } from './lib/mtls.mjs';
import { baseline, certificates, notes, onTLS } from './lib/house.mjs';
import { metadata, read, refused } from './lib/raw.mjs';

const as = await metadata();
const jwks = jose.createLocalJWKSet(await (await fetch(as.jwks_uri)).json());
const x5t = (name) => createHash('sha256').update(new X509Certificate(certificates[name].cert).raw).digest('base64url');

// mutual is a client that presents a certificate at the aliases, and nowhere else.
async function mutual(id, name) {
  const config = await oidc.discovery(new URL(baseline), id, { use_mtls_endpoint_aliases: true }, oidc.TlsClientAuth(), { execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks] });
  const present = fetchWith(name);
  config[oidc.customFetch] = (address, options) => (address.startsWith('https:') ? present(address, options) : fetch(address, options));
  return config;
}

const ask = async (name, id, headers = {}, fields = {}) =>
  read(
    await fetchWith(name)(onTLS(as.token_endpoint), {
      method: 'POST',
      headers,
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'unknown', client_id: id, ...fields }),
    }),
  );

test('the metadata has the endpoints that ask for a certificate', () => {
  for (const name of ['token_endpoint', 'pushed_authorization_request_endpoint', 'revocation_endpoint', 'userinfo_endpoint']) {
    assert.equal(as.mtls_endpoint_aliases?.[name], onTLS(as[name]), name);
  }
  assert.equal(as.tls_client_certificate_bound_access_tokens, true);
  for (const method of ['tls_client_auth', 'self_signed_tls_client_auth']) assert.ok(as.token_endpoint_auth_methods_supported.includes(method));
});

for (const [id, name] of [['tls-client', 'client'], ['self-signed', 'selfSigned']]) {
  test(`code flow, refresh, userinfo and revocation with a certificate: ${id}`, async () => {
    const config = await mutual(id, name);
    const { tokens } = await signIn(config, { scope: 'openid profile notes.read' }, { par: true });
    const claims = tokens.claims();
    assert.equal((await oidc.fetchUserInfo(config, tokens.access_token, claims.sub)).name, 'Alice Liddell');
    const next = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    // oauth4webapi's resource server knows no certificates; jose verifies what there is to verify.
    const { payload } = await jose.jwtVerify(next.access_token, jwks, { issuer: baseline, audience: notes, typ: 'at+jwt' });
    assert.deepEqual(payload.cnf, { 'x5t#S256': x5t(name) });
    await oidc.tokenRevocation(config, next.refresh_token);
    await assert.rejects(oidc.refreshTokenGrant(config, next.refresh_token));
  });
}

test('a bound access token is refused without the certificate and with another', async () => {
  const { tokens } = await signIn(await mutual('tls-client', 'client'));
  const headers = { authorization: `Bearer ${tokens.access_token}` };
  assert.equal((await fetchWith('client')(onTLS(as.userinfo_endpoint), { headers })).status, 200, 'control');
  for (const name of [undefined, 'impostor', 'selfSigned', 'forged']) {
    const answer = await fetchWith(name)(onTLS(as.userinfo_endpoint), { headers });
    assert.equal(answer.status, 401, String(name));
    assert.match(answer.headers.get('www-authenticate'), /invalid_token/);
  }
  assert.equal((await fetch(as.userinfo_endpoint, { headers })).status, 401, 'where no certificate is asked for');
});

test('control: with its certificate a client is told about its grant', async () => {
  refused(await ask('client', 'tls-client'), 'invalid_grant');
  refused(await ask('selfSigned', 'self-signed'), 'invalid_grant');
});

for (const [what, name, id] of [
  ['no certificate', undefined, 'tls-client'], ['another subject by the same authority', 'impostor', 'tls-client'], ['the right subject by no authority', 'forged', 'tls-client'], ['a certificate of its own', 'selfSigned', 'tls-client'],
  ['no certificate', undefined, 'self-signed'], ['a certificate that is not registered', 'forged', 'self-signed'], ['one by the authority', 'client', 'self-signed'],
  ['a certificate for a client with a secret', 'client', 'basic'], ['a certificate for a client with a key', 'client', 'jwt-es256'],
]) {
  test(`${what} is invalid_client (${id})`, async () => refused(await ask(name, id), 'invalid_client'));
}

test('a certificate in a header of anybody is worth nothing', async () => {
  const pem = certificates.client.cert;
  const der = `:${new X509Certificate(pem).raw.toString('base64')}:`;
  for (const header of ['client-cert', 'x-client-cert', 'x-ssl-cert', 'ssl-client-cert', 'x-forwarded-client-cert', 'x-amzn-mtls-clientcert', 'ssl_client_cert']) {
    for (const value of [der, encodeURIComponent(pem)]) refused(await ask(undefined, 'tls-client', { [header]: value }), 'invalid_client');
  }
});

test('without a client_id a certificate names nobody', async () => {
  const answer = await ask('client', '');
  assert.ok(['invalid_client', 'invalid_request'].includes(answer.body.error), answer.text);
});

test('the issuer is the same at both origins', async () => {
  const answer = await (await fetchWith()(onTLS(`${baseline}/.well-known/openid-configuration`))).json();
  assert.equal(answer.issuer, baseline);
});
