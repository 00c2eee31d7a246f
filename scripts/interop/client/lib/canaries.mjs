// Every secret of the first flows is noted in a file, and the Go side looks for each of them in the server's log and in its
// database afterwards: none may be there (security rows T04 and T09).
import { appendFileSync } from 'node:fs';
import { canaryFile } from './house.mjs';

const enough = 6;
let flows = 0;

// plant notes the secrets of one flow.
export function plant({ attempt, answer, tokens }) {
  if (++flows > enough) return;
  const cookies = [...attempt.browser.cookies.values()].map(({ value }) => value);
  const secrets = [answer.searchParams.get('code'), attempt.verifier, tokens.access_token, tokens.id_token, tokens.refresh_token, ...cookies];
  // A handle is an id, which is no secret, and its secret; of a JWT the signature is what nobody else has.
  const lines = secrets.filter(Boolean).flatMap((secret) => [secret, secret.split('.').at(-1)]);
  appendFileSync(canaryFile, lines.map((line) => `${line}\n`).join(''));
}
