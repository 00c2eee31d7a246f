// A browser without script: it keeps cookies, follows redirects on the server's origin and stops at any other, and sends forms
// as a click on a button would, with all that is in them. Pages are recognised by their stable element ids.
import assert from 'node:assert/strict';
import { password } from './house.mjs';

const decode = (text) => text.replace(/&(amp|lt|gt|quot|#39|#34|#43);/g, (_, name) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#34': '"', '#43': '+' })[name]);
const attribute = (tag, name) => decode(new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1] ?? '');

export class Browser {
  cookies = new Map();

  // get opens an address; post sends fields to it. Both return the page at the end of the redirects.
  get(address) {
    return this.#open(new URL(address), { method: 'GET' });
  }

  post(address, fields, headers = {}) {
    return this.#open(new URL(address), { method: 'POST', body: new URLSearchParams(fields), headers });
  }

  async #open(address, request) {
    for (let hops = 0; hops < 10; hops++) {
      const page = await this.#fetch(address, request);
      if (!page.location || page.location.origin !== address.origin) return page;
      assert.equal(page.status, 303, 'a redirect that turns every method into GET (RFC 9700 §4.12)');
      address = page.location;
      request = { method: 'GET' };
    }
    throw new Error(`${address} redirects without end`);
  }

  async #fetch(address, { method, body, headers = {} }) {
    const cookie = [...this.cookies.values()].map(({ name, value }) => `${name}=${value}`).join('; ');
    const response = await fetch(address, { method, body, headers: { ...(cookie && { cookie }), ...headers }, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) this.#keep(line);
    const location = response.headers.get('location');
    return new Page(this, {
      address,
      status: response.status,
      headers: response.headers,
      location: location === null ? undefined : new URL(location, address),
      text: await response.text(),
    });
  }

  #keep(line) {
    const [pair, ...rest] = line.split(';').map((part) => part.trim());
    const name = pair.slice(0, pair.indexOf('='));
    const attributes = new Map(rest.map((part) => [part.split('=')[0].toLowerCase(), part.split('=')[1] ?? '']));
    const gone = Number(attributes.get('max-age') ?? 1) <= 0;
    if (gone) this.cookies.delete(name);
    else this.cookies.set(name, { name, value: pair.slice(name.length + 1), attributes });
  }

  // approve opens an authorization request, signs in and consents wherever that is asked for, and returns the page that leads
  // back to the client. asked lists what was asked for on the way.
  async approve(address, { username = 'alice' } = {}) {
    return (await this.get(address)).approve({ username });
  }
}

export class Page {
  constructor(browser, fields) {
    Object.assign(this, fields);
    this.browser = browser;
  }

  has(id) {
    return this.text.includes(`id="${id}"`);
  }

  // field is the value of a form's field, by id or name.
  field(name) {
    const tag = this.text.match(/<input[^>]*>/g)?.find((found) => attribute(found, 'id') === name || attribute(found, 'name') === name);
    return tag && attribute(tag, 'value');
  }

  // submit clicks on the button with this id, with the fields typed in.
  submit(button, typed = {}) {
    const form = this.#formAround(button);
    const tag = form.match(/<button[^>]*>/g).find((found) => attribute(found, 'id') === button);
    const fields = {};
    for (const input of form.match(/<input[^>]*>/g) ?? []) fields[attribute(input, 'name')] = attribute(input, 'value');
    Object.assign(fields, typed);
    if (attribute(tag, 'name')) fields[attribute(tag, 'name')] = attribute(tag, 'value');
    const action = new URL(attribute(tag, 'formaction') || attribute(form, 'action'), this.address);
    return this.browser.post(action, fields);
  }

  #formAround(button) {
    const form = this.text.match(/<form[\s\S]*?<\/form>/g)?.find((found) => found.includes(`id="${button}"`));
    assert.ok(form, `${this.status} ${this.address.pathname} has no button ${button}:\n${this.text}`);
    return form;
  }

  async signIn(username = 'alice', typed = password) {
    return this.submit('login', { username, password: typed });
  }

  // approve goes on from a page until it leads to the client.
  async approve({ username = 'alice' } = {}) {
    let page = this;
    const asked = [];
    for (let steps = 0; steps < 4 && !page.atClient; steps++) {
      if (page.has('password')) {
        asked.push('login');
        page = await page.signIn(username);
      } else if (page.has('consent_allow')) {
        asked.push('consent');
        page = await page.submit('consent_allow');
      } else break;
    }
    page.asked = asked;
    assert.ok(page.atClient, `the flow ended at ${page.status} ${page.address}:\n${page.text}`);
    return page;
  }

  // atClient: the answer is for the client, by redirect or by a form that posts itself.
  get atClient() {
    return this.location !== undefined || this.text.includes('name="code"') || this.text.includes('name="error"');
  }

  // answer is the URL that the client is called back at.
  get answer() {
    assert.ok(this.location, `${this.status} ${this.address} is no redirect:\n${this.text}`);
    return this.location;
  }
}
