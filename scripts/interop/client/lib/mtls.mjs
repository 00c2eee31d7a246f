// fetch with a client certificate (RFC 8705), on node:https: the built-in fetch cannot present one.
import https from 'node:https';
import { certificates } from './house.mjs';

// fetchWith makes a fetch that presents a certificate of the run, or none.
export const fetchWith = (name) => async (address, { method = 'GET', headers = {}, body } = {}) => {
  const { status, headers: answered, bytes } = await send(new URL(address), { method, headers: Object.fromEntries(new Headers(headers)), ca: certificates.authority, ...certificates[name] }, body);
  return new Response(status === 204 ? null : bytes, { status, headers: answered });
};

const send = (url, options, body) =>
  new Promise((resolve, reject) => {
    const request = https.request(url, { ...options, agent: false }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      const headers = new Headers();
      for (let index = 0; index < response.rawHeaders.length; index += 2) headers.append(response.rawHeaders[index], response.rawHeaders[index + 1]);
      resolve({ status: response.statusCode, headers, bytes: Buffer.concat(chunks) });
    });
    request.on('error', reject);
    if (body instanceof URLSearchParams) {
      if (!options.headers['content-type']) request.setHeader('content-type', 'application/x-www-form-urlencoded');
      request.end(String(body));
    } else request.end(body);
  });
