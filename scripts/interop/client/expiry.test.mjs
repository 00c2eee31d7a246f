// What ends, ends: codes, tokens, forms and sessions of a workspace where each lives for seconds. RFC 6749 §4.1.2, RFC 10017
// §6.3.2.3 (rotation does not move the family's end), RP-Initiated Logout §2 (an ID token that has expired is still a hint).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as oidc from 'openid-client';
import { basic, rejects, signIn, Attempt } from './lib/clients.mjs';
import { Browser } from './lib/browser.mjs';
import { brief, bye } from './lib/house.mjs';
import { isPage } from './lib/raw.mjs';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const config = await basic({ issuer: brief });
const { userinfo_endpoint: userinfo } = config.serverMetadata();
const status = async (accessToken) => (await fetch(userinfo, { headers: { authorization: `Bearer ${accessToken}` } })).status;

// Each waits most of the time, so they wait together.
describe('what ends', { concurrency: true }, () => {
  test('what is below lives long enough to be used', async () => {
    const { tokens } = await signIn(config);
    assert.equal(await status(tokens.access_token), 200);
    assert.ok((await oidc.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  });

  test('a code ends', async () => {
    const attempt = await Attempt.of(config);
    const answer = await attempt.authorize();
    await pause(2100);
    await rejects(attempt.redeem(answer), 'invalid_grant', 400);
  });

  test('an access token ends', async () => {
    const { tokens } = await signIn(config);
    await pause(2100);
    assert.equal(await status(tokens.access_token), 401);
  });

  test('a refresh token that is not used ends', async () => {
    const { tokens } = await signIn(config, { scope: 'openid offline_access', prompt: 'consent' });
    await pause(3100);
    await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  });

  test('rotation does not move the end of the family', async () => {
    let { tokens } = await signIn(config, { scope: 'openid offline_access', prompt: 'consent' });
    const began = Date.now();
    while (Date.now() - began < 4000) {
      await pause(1200);
      tokens = await oidc.refreshTokenGrant(config, tokens.refresh_token);
    }
    await pause(1500);
    await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  });

  test('a session that is not used ends, and what it gave ends with it', async () => {
    const { browser, tokens } = await signIn(config);
    await pause(5200);
    const again = await Attempt.of(config, { prompt: 'none' }, { browser });
    assert.equal((await again.open()).answer.searchParams.get('error'), 'login_required');
    await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  });

  test('a form that was left open ends with a page that says so', async () => {
    const page = await (await Attempt.of(config)).open();
    await pause(4200);
    isPage(await page.signIn());
  });

  test('an ID token that has expired is still a hint for signing out and for signing in', async () => {
    const { browser, tokens } = await signIn(config);
    await pause(2200);
    const silent = await Attempt.of(config, { prompt: 'none', id_token_hint: tokens.id_token }, { browser });
    assert.equal((await silent.open()).answer.searchParams.get('error'), null);
    const page = await browser.get(oidc.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: bye, state: 'x' }));
    assert.equal(page.answer.href, `${bye}?state=x`);
  });

  test('a code that was used and has expired still reveals its replay', async () => {
    const { attempt, answer, tokens } = await signIn(config, { scope: 'openid offline_access', prompt: 'consent' });
    await pause(2100);
    await rejects(attempt.redeem(answer), 'invalid_grant', 400);
    await rejects(oidc.refreshTokenGrant(config, tokens.refresh_token), 'invalid_grant', 400);
  });

  test('a browser without cookies gets a page that says what to do', async () => {
    const page = await (await Attempt.of(config)).open();
    page.browser = new Browser();
    isPage(await page.signIn());
  });
});
