// The clients of authserver.yaml as openid-client has them, and one whole code flow. Every configuration checks the signatures
// of ID tokens and of signed userinfo answers as well: over TLS the library leaves that out unless it is told.
import assert from 'node:assert/strict';
import * as oidc from 'openid-client';
import { baseline, callback, keys, secret } from './house.mjs';
import { Browser } from './browser.mjs';
import { plant } from './canaries.mjs';

export const discover = (clientId, authentication, { issuer = baseline, metadata } = {}) =>
  oidc.discovery(new URL(issuer), clientId, metadata, authentication, {
    execute: [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks],
  });

export const basic = (options, id = 'basic') => discover(id, oidc.ClientSecretBasic(secret), options);
export const post = (options, id = 'post') => discover(id, oidc.ClientSecretPost(secret), options);
export const publicClient = (options) => discover('public', oidc.None(), options);

// signingKey imports one of the run's private keys for private_key_jwt.
export async function signingKey(algorithm) {
  const jwk = keys[algorithm];
  const parameters = algorithm === 'ES256' ? { name: 'ECDSA', namedCurve: 'P-256' } : { name: 'RSA-PSS', hash: 'SHA-256' };
  return { key: await crypto.subtle.importKey('jwk', jwk, parameters, false, ['sign']), kid: jwk.kid };
}

// Attempt is one authorization request and what the client remembers of it.
export class Attempt {
  static async of(config, parameters = {}, options = {}) {
    const attempt = new Attempt();
    Object.assign(attempt, {
      config,
      options,
      verifier: oidc.randomPKCECodeVerifier(),
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
      browser: options.browser ?? new Browser(),
    });
    attempt.parameters = {
      redirect_uri: callback,
      scope: 'openid',
      state: attempt.state,
      nonce: attempt.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(attempt.verifier),
      code_challenge_method: 'S256',
      ...parameters,
    };
    for (const [name, value] of Object.entries(attempt.parameters)) if (value === undefined) delete attempt.parameters[name];
    return attempt;
  }

  // url is where the browser is sent, after the request was pushed if it is to be.
  async url() {
    const build = this.options.par ? oidc.buildAuthorizationUrlWithPAR : oidc.buildAuthorizationUrl;
    return build(this.config, this.parameters, this.options.dpop && { DPoP: this.options.dpop });
  }

  async open() {
    return this.browser.get(await this.url());
  }

  // authorize goes through the pages and returns the URL that the client is called back at.
  async authorize() {
    this.page = await (await this.open()).approve({ username: this.options.username });
    return this.page.answer;
  }

  async redeem(answer, checks = {}) {
    return oidc.authorizationCodeGrant(
      this.config,
      answer,
      {
        pkceCodeVerifier: this.parameters.code_challenge && this.verifier,
        expectedState: this.state,
        expectedNonce: this.parameters.nonce,
        idTokenExpected: this.parameters.scope?.split(' ').includes('openid'),
        ...checks,
      },
      this.options.tokenParameters,
      this.options.dpop && { DPoP: this.options.dpop },
    );
  }
}

// signIn is the whole code flow. It returns the tokens, with the attempt and its browser.
export async function signIn(config, parameters, options) {
  const attempt = await Attempt.of(config, parameters, options);
  const answer = await attempt.authorize();
  const tokens = await attempt.redeem(answer, options?.checks);
  plant({ attempt, answer, tokens });
  return { attempt, answer, tokens, browser: attempt.browser, asked: attempt.page.asked };
}

// rejects expects an OAuth error of the server, by redirect or from an endpoint.
export async function rejects(promise, code, status) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.error ?? error.cause?.error, code, `${error} ${JSON.stringify(error.cause ?? '')}`);
    if (status !== undefined) assert.equal(error.status, status);
    return true;
  });
}
