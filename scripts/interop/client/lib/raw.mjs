// Requests as oauth4webapi makes them, step by step, and as no client library would make them, for what has to be refused.
import assert from 'node:assert/strict';
import * as oauth from 'oauth4webapi';
import { baseline, secret } from './house.mjs';

export const insecure = { [oauth.allowInsecureRequests]: true };

const servers = new Map();

// metadata is the issuer's metadata, as the library has checked it.
export function metadata(issuer = baseline) {
  if (!servers.has(issuer)) servers.set(issuer, discover(issuer));
  return servers.get(issuer);
}

async function discover(issuer) {
  const url = new URL(issuer);
  return oauth.processDiscoveryResponse(url, await oauth.discoveryRequest(url, insecure));
}

// form sends a form, and takes pairs so that a parameter can be there twice.
export async function form(address, fields, headers = {}) {
  const response = await fetch(address, { method: 'POST', body: new URLSearchParams(fields), headers, redirect: 'manual' });
  return read(response);
}

export async function read(response) {
  const text = await response.text();
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { status: response.status, headers: response.headers, text, body };
}

export const basicHeader = (id = 'basic', password = secret) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(password)}`).toString('base64')}`,
});

// token sends a form to the token endpoint, as the client basic unless told otherwise.
export async function token(fields, { issuer = baseline, headers = basicHeader() } = {}) {
  return form((await metadata(issuer)).token_endpoint, fields, headers);
}

// refused expects an error of an endpoint for clients: RFC 6749 §5.2.
export function refused(answer, code, status = code === 'invalid_client' ? 401 : 400) {
  assert.equal(answer.body?.error, code, `${answer.status} ${answer.text}`);
  assert.equal(answer.status, status);
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
  assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
  assert.match(answer.body.error_description ?? '', /^[\x20-\x21\x23-\x5B\x5D-\x7E]*$/, 'the characters of RFC 6749 §5.2');
}

export function granted(answer) {
  assert.equal(answer.status, 200, answer.text);
  assert.match(answer.headers.get('cache-control') ?? '', /no-store/);
  assert.ok(answer.body.access_token && answer.body.token_type, answer.text);
  return answer.body;
}

// isPage expects an answer to the user and none to the client: no redirect, and nothing that another site could frame.
export function isPage(page, status = 400) {
  assert.equal(page.status, status, page.text);
  assert.equal(page.headers.get('location'), null, 'a page, and no redirect (RFC 6749 §4.1.2.1)');
  assert.match(page.headers.get('content-type'), /^text\/html/);
  assert.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/);
}
