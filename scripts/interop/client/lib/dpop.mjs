// DPoP proofs (RFC 9449 §4) as a client would make them, with anything in them changed.
import { createHash } from 'node:crypto';
import * as jose from 'jose';

export const pair = (algorithm = 'ES256') => jose.generateKeyPair(algorithm, { extractable: true });
export const hash = (text) => createHash('sha256').update(text).digest('base64url');

// proof signs one. A claim or a header that is undefined is left out.
export async function proof(keys, { method = 'POST', url, nonce, accessToken, claims, header, key } = {}) {
  const payload = {
    jti: crypto.randomUUID(), htm: method, htu: String(url), iat: Math.floor(Date.now() / 1000),
    ...(nonce && { nonce }), ...(accessToken && { ath: hash(accessToken) }), ...claims,
  };
  const protectedHeader = { typ: 'dpop+jwt', alg: 'ES256', jwk: await jose.exportJWK(keys.publicKey), ...header };
  for (const [name, value] of Object.entries(protectedHeader)) if (value === undefined) delete protectedHeader[name];
  return new jose.CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(protectedHeader).sign(key ?? keys.privateKey);
}

export const thumbprint = async (keys) => jose.calculateJwkThumbprint(await jose.exportJWK(keys.publicKey));
