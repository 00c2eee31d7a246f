// TLS where the server ends it itself: 1.2 and later, no CBC, forward secrecy (RFC 9325 §3.1 and §4.2, FAPI 2.0 §5.2).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import tls from 'node:tls';
import { certificates, baseline, onTLS } from './lib/house.mjs';
import { fetchWith } from './lib/mtls.mjs';

const { hostname: host, port } = new URL(onTLS(baseline));

// connect resolves to what was agreed on, or to the error. The library is told to offer anything.
const connect = (options) =>
  new Promise((resolve) => {
    const socket = tls.connect({ host, port, servername: host, ca: certificates.authority, ...options }, () => {
      resolve({ protocol: socket.getProtocol(), cipher: socket.getCipher().standardName });
      socket.destroy();
    });
    socket.on('error', (error) => resolve({ error }));
  });

for (const version of ['TLSv1.2', 'TLSv1.3']) {
  test(`${version} is spoken`, async () => {
    const agreed = await connect({ minVersion: version, maxVersion: version });
    assert.equal(agreed.protocol, version, String(agreed.error));
    assert.match(agreed.cipher, /GCM|CHACHA20/);
  });
}

for (const version of ['TLSv1', 'TLSv1.1']) {
  test(`${version} is refused`, async () => {
    const { error } = await connect({ minVersion: version, maxVersion: version, ciphers: 'ALL:@SECLEVEL=0' });
    assert.match(error?.code ?? '', /ALERT_PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE/, String(error));
  });
}

test('suites with CBC, without forward secrecy or without encryption are refused, and one with GCM is not', async () => {
  const only = (ciphers) => connect({ minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2', ciphers: `${ciphers}:@SECLEVEL=0` });
  for (const weak of ['ECDHE-ECDSA-AES128-SHA', 'ECDHE-ECDSA-AES256-SHA384', 'ECDHE-RSA-AES128-SHA256', 'AES128-GCM-SHA256', 'AES256-SHA', 'NULL']) {
    const { error, cipher } = await only(weak);
    assert.match(error?.code ?? '', /HANDSHAKE_FAILURE|ECONNRESET/, `${weak}: ${cipher ?? error}`);
  }
  assert.equal((await only('ECDHE-ECDSA-AES128-GCM-SHA256')).error, undefined, 'control');
});

test('a client that trusts another authority does not connect', async () => {
  const { error } = await connect({ ca: certificates.selfSigned.cert });
  assert.ok(error);
});

test('the issuer is the same over TLS', async () => {
  const answer = await (await fetchWith()(onTLS(`${baseline}/.well-known/openid-configuration`))).json();
  assert.equal(answer.issuer, baseline);
});
