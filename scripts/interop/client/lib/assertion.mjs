// Client assertions (RFC 7523 §3) as a client would make them, with anything in them changed.
import * as jose from 'jose';
import { baseline, keys } from './house.mjs';

export const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const now = () => Math.floor(Date.now() / 1000);

// assertion signs one. A claim or a header that is undefined is left out.
export async function assertion(id = 'jwt-es256', { claims, header, key } = {}) {
  const algorithm = header?.alg ?? (id.endsWith('-ps256') ? 'PS256' : 'ES256');
  const jwk = keys[id.endsWith('-ps256') ? 'PS256' : 'ES256'];
  const payload = { iss: id, sub: id, aud: baseline, jti: crypto.randomUUID(), iat: now(), exp: now() + 60, ...claims };
  const protectedHeader = { alg: algorithm, kid: jwk.kid, ...header };
  for (const [name, value] of Object.entries(protectedHeader)) if (value === undefined) delete protectedHeader[name];
  return new jose.CompactSign(Buffer.from(JSON.stringify(payload))).setProtectedHeader(protectedHeader).sign(key ?? (await jose.importJWK(jwk, algorithm)));
}

// credentials are the parameters that carry it.
export const credentials = (text) => ({ client_assertion_type: assertionType, client_assertion: text });
