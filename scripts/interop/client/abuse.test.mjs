// What nobody would send: every answer is one that the specifications know, no answer is a fault of ours (5xx), and a request
// that is good works afterwards. Security rows R02, R22, R23, R29, T05, P06, P11, P18.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import http from 'node:http';
import { basic, signIn } from './lib/clients.mjs';
import { Browser } from './lib/browser.mjs';
import { baseline, callback } from './lib/house.mjs';
import { basicHeader, form, metadata, read } from './lib/raw.mjs';

const as = await metadata();
const endpoints = ['token_endpoint', 'pushed_authorization_request_endpoint', 'revocation_endpoint', 'introspection_endpoint', 'userinfo_endpoint', 'authorization_endpoint', 'end_session_endpoint', 'jwks_uri'].map((name) => as[name]);

// raw sends a request line and headers as they are.
const raw = (path, { method = 'GET', headers = {}, body = '' } = {}) =>
  new Promise((resolve, reject) => {
    const { hostname, port } = new URL(baseline);
    const request = http.request({ hostname, port, path, method, headers, setHost: !('host' in headers) }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    request.on('error', reject);
    request.end(body);
  });

const noFault = (answer, what) => assert.ok(answer.status < 500, `${what}: ${answer.status} ${answer.text.slice(0, 200)}`);

test('methods that an endpoint does not have are 405 and say which it has', async () => {
  for (const endpoint of endpoints) {
    for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'QUERY']) {
      const answer = await raw(new URL(endpoint).pathname, { method });
      assert.equal(answer.status, 405, `${method} ${endpoint}`);
      assert.ok(answer.headers.allow);
    }
    noFault(await raw(new URL(endpoint).pathname, { method: 'TRACE', headers: { 'x-secret': 'echo-me' } }).then((answer) => (assert.ok(!answer.text.includes('echo-me')), answer)), 'TRACE');
  }
});

test('bodies that are too large, of another kind, or no form are refused', async () => {
  for (const endpoint of endpoints.slice(0, 4)) {
    for (const [what, headers, body] of [
      ['a large body', { 'content-type': 'application/x-www-form-urlencoded' }, `a=${'x'.repeat(2 << 20)}`],
      ['JSON', { 'content-type': 'application/json' }, '{"grant_type":"refresh_token"}'],
      ['multipart', { 'content-type': 'multipart/form-data; boundary=x' }, '--x\r\ncontent-disposition: form-data; name="token"\r\n\r\nx\r\n--x--'],
      ['no kind', {}, 'token=x'],
      ['a broken escape', { 'content-type': 'application/x-www-form-urlencoded' }, 'token=%zz'],
      ['a semicolon', { 'content-type': 'application/x-www-form-urlencoded' }, 'token=a;token=b'],
      ['a null', { 'content-type': 'application/x-www-form-urlencoded' }, 'token=a%00b&grant_type=refresh_token&refresh_token=a%00'],
      ['no UTF-8', { 'content-type': 'application/x-www-form-urlencoded' }, 'token=%ff%fe&grant_type=%ff'],
      ['many parameters', { 'content-type': 'application/x-www-form-urlencoded' }, Array.from({ length: 5000 }, (_, index) => `p${index}=1`).join('&')],
    ]) {
      const response = await fetch(endpoint, { method: 'POST', headers: { ...basicHeader(), ...headers }, body: Buffer.from(body) });
      const answer = await read(response);
      assert.ok([400, 413, 415, 200].includes(answer.status), `${what} at ${endpoint}: ${answer.status} ${answer.text}`);
      if (answer.status === 200) assert.ok(!answer.body?.active && !answer.body?.access_token, what);
      else assert.ok(answer.body?.error, `${what}: ${answer.text}`);
    }
  }
});

test('credentials of every broken kind are 401 or 400', async () => {
  const broken = ['Basic', 'Basic ', 'Basic =', `Basic ${Buffer.from('basic').toString('base64')}`, `Basic ${Buffer.from(':').toString('base64')}`, `Basic ${Buffer.from('%zz:%zz').toString('base64')}`,
    `Basic ${Buffer.from(`basic:${'x'.repeat(5000)}`).toString('base64')}`, `Basic ${Buffer.from('basic\0:x').toString('base64')}`, 'Digest username="basic"', 'Negotiate abc', 'basic'];
  for (const authorization of broken) {
    const answer = await form(as.token_endpoint, { grant_type: 'refresh_token', refresh_token: 'x' }, { authorization });
    assert.ok([400, 401].includes(answer.status) && ['invalid_client', 'invalid_request'].includes(answer.body?.error), `${authorization}: ${answer.text}`);
  }
});

test('headers of a proxy that nobody trusts change nothing', async () => {
  const plain = await (await fetch(`${baseline}/.well-known/openid-configuration`)).json();
  for (const [name, value] of [['x-forwarded-host', 'evil.example'], ['x-forwarded-proto', 'https'], ['x-forwarded-prefix', '/evil'], ['forwarded', 'host=evil.example;proto=https'], ['x-original-url', '/evil'], ['x-rewrite-url', '/evil'], ['x-forwarded-port', '1'], ['x-http-method-override', 'DELETE']]) {
    assert.deepEqual(await (await fetch(`${baseline}/.well-known/openid-configuration`, { headers: { [name]: value } })).json(), plain, name);
    const page = await new Browser().post(as.authorization_endpoint, { response_type: 'code', client_id: 'basic', redirect_uri: callback }, { [name]: value });
    assert.ok(!(page.location?.href ?? '').includes('evil'), name);
  }
});

test('another Host changes neither issuer nor addresses', async () => {
  const path = new URL(`${baseline}/.well-known/openid-configuration`).pathname;
  for (const host of ['evil.example', 'localhost', 'localhost:1', '127.0.0.1']) {
    const answer = await raw(path, { headers: { host } });
    if (answer.status === 200) assert.equal(JSON.parse(answer.text).issuer, baseline, host);
    assert.ok(!answer.text.includes('evil.example'));
  }
});

test('paths with tricks lead to no endpoint under another name, and to no file', async () => {
  const { pathname } = new URL(baseline);
  for (const path of [`${pathname}/oauth2/%74oken/../jwks`, `${pathname}/../../etc/passwd`, `/interop/..%2finterop/baseline/oauth2/jwks`, `${pathname}/oauth2/jwks/`, `${pathname}/oauth2/jwks;x`, `${pathname}/oauth2//jwks`, `${pathname}%2foauth2%2fjwks`,
    `/interop/BASELINE/oauth2/jwks`, '/interop/nobody/oauth2/jwks', '/assets/../authserver.yaml', '/assets/%2e%2e/authserver.yaml', '/.env', '/admin', '/metrics', '/debug/pprof/', `${pathname}/livez`, '/livez']) {
    const answer = await raw(path);
    assert.ok([301, 307, 308, 303, 400, 404].includes(answer.status), `${path}: ${answer.status}`);
    assert.ok(!/root:|"keys"|go_goroutines/.test(answer.text), path);
  }
});

test('a thousand characters of anything at the authorization endpoint are an answer, and never a fault', async () => {
  const strange = ['\u202e', '\0', '%', '<', '"', "'", '\\', '\n', '\r\nset-cookie: x=y', '😀', '\ud800', ' ', '+', '&', ';', '=', '#', '{{.}}', '${x}', '../'];
  const good = { response_type: 'code', client_id: 'basic', redirect_uri: callback, scope: 'openid', state: 's', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' };
  for (const name of ['state', 'nonce', 'scope', 'login_hint', 'ui_locales', 'acr_values', 'claims', 'display', 'prompt', 'max_age', 'resource', 'client_id', 'redirect_uri', 'id_token_hint', 'request_uri', 'dpop_jkt', 'response_mode', 'x']) {
    const pages = await Promise.all(strange.map((part) => new Browser().get(`${as.authorization_endpoint}?${new URLSearchParams({ ...good, [name]: part.repeat(Math.ceil(200 / part.length)) })}`)));
    for (const [index, page] of pages.entries()) {
      noFault(page, `${name}=${JSON.stringify(strange[index])}`);
      assert.equal(page.headers.get('set-cookie')?.includes('x=y') ?? false, false);
      assert.ok(!page.text.includes('<<'), 'markup is text');
    }
  }
});

test('sign-in is not given away by what it is asked with: fields twice, in the query, or of another page', async () => {
  const open = async () => new Browser().get(`${as.authorization_endpoint}?${new URLSearchParams({ response_type: 'code', client_id: 'basic', redirect_uri: callback, scope: 'openid', code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' })}`);
  for (const typed of [{ csrf: '' }, { csrf: 'x' }, { username: '', password: '' }, { password: 'x'.repeat(10_000) }, { username: 'alice\0' }, { username: `${'a'.repeat(5000)}` }, { action: 'allow' }]) {
    const page = await (await open()).submit('login', { username: 'alice', password: 'wrong', ...typed });
    noFault(page, JSON.stringify(typed).slice(0, 60));
    assert.equal(page.location?.searchParams.get('code') ?? null, null);
  }
});

test('after all of this a sign-in works', async () => {
  await signIn(await basic());
});
