// Cloakroom for any framework: the page's side of the BFF, without a token.
//
//   const bff = cloakroom();
//   const session = await bff.session();         // {authenticated, claims, expiry, …}; signed out is no error
//   const notes = await bff.json("/api/notes");  // signs in if there is no session
//   const stop = bff.events({expiring: e => …, ended: e => …});
//
// signIn: "redirect" (default), "popup" (calls wait for the window) or "never" (they answer 401).

const SIGNED_OUT = ["session_missing", "session_expired", "session_revoked"];

export class BffError extends Error {
  constructor(status, problem = {}) {
    super(problem.detail || problem.code || `status ${status}`);
    this.name = "BffError";
    this.status = status;
    this.code = problem.code || "";
    this.detail = problem.detail || "";
    this.requestId = problem.request_id || "";
    this.loginURL = problem.login_url || "";
  }
}

export function cloakroom({signIn: mode = "redirect"} = {}) {
  let signingIn = null; // one for all calls

  // A plain object or array is sent as JSON.
  function send(path, {body, headers, ...rest} = {}) {
    if (!/^\/(?![/\\])/.test(path)) throw new TypeError("a path of this origin is needed");
    const sent = new Headers(headers);
    sent.set("X-BFF-CSRF", "1");
    if (body && (Array.isArray(body) || Object.getPrototypeOf(body) === Object.prototype)) {
      sent.set("Content-Type", "application/json");
      body = JSON.stringify(body);
    }
    return fetch(path, {...rest, body, headers: sent, redirect: "error", cache: "no-store"});
  }

  async function refusal(answer) {
    const type = answer.headers.get("Content-Type") || "";
    return new BffError(answer.status, type.includes("problem+json") ? await answer.clone().json() : {});
  }

  // call is fetch for the APIs behind the BFF. Without a session, or when the API wants a stronger sign-in (RFC 9470), it
  // has the user sign in and tries once more.
  async function call(path, options) {
    const answer = await send(path, options);
    if (answer.status !== 401 || answer.headers.get("BFF-Source") !== "bff" || mode === "never") return answer;
    const error = await refusal(answer);
    if (!SIGNED_OUT.includes(error.code) && error.code !== "step_up_required") return answer;
    await signIn(error.loginURL ? {path: error.loginURL} : {});
    return send(path, options);
  }

  // json returns the parsed answer, null for none, and throws a BffError.
  const json = async (path, options) => read(await call(path, options));
  const own = async (path, method = "GET") => read(await send(path, {method}));

  async function read(answer) {
    if (!answer.ok) throw await refusal(answer);
    return answer.status === 204 ? null : answer.json();
  }

  // signIn joins the one that is under way. With "redirect" the page goes away.
  function signIn({path = "/bff/login", provider, returnUrl = location.pathname + location.search, popup = mode === "popup"} = {}) {
    signingIn ??= begin(path, provider, returnUrl, popup).finally(() => { signingIn = null; });
    return signingIn;
  }

  function begin(path, provider, returnUrl, popup) {
    const to = new URL(path, location.origin);
    if (provider) to.searchParams.set("provider", provider);
    if (!popup) {
      to.searchParams.set("returnUrl", returnUrl);
      location.assign(to);
      return new Promise(() => {});
    }
    to.searchParams.set("mode", "popup");
    return new Promise((resolve, reject) => {
      const channel = new BroadcastChannel("cloakroom");
      const end = code => {
        clearTimeout(timer);
        channel.close();
        code ? reject(new BffError(0, {code})) : resolve();
      };
      const timer = setTimeout(end, 600_000, "transaction_expired");
      channel.onmessage = ({data}) => data?.type === "sign-in" && end(data.error);
      if (!open(to, "cloakroom-sign-in", "popup,width=480,height=720")) end("popup_blocked");
    });
  }

  // signOut ends the session here and at the provider, and leaves the page.
  async function signOut() {
    const {logout_url: next} = await own("/bff/logout", "POST");
    location.assign(next || "/");
  }

  // hello, expiring, extended, refreshed, degraded, ended. It returns what stops it.
  function events(handlers) {
    const source = new EventSource("/bff/session/events");
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, e => handle(JSON.parse(e.data)));
    }
    source.addEventListener("ended", () => source.close());
    return () => source.close();
  }

  return {
    call, json, signIn, signOut, events,
    session: () => own("/bff/session"),
    extend: () => own("/bff/session/extend", "POST"),
    refresh: () => own("/bff/session/refresh", "POST"),
    sessions: () => own("/bff/sessions"),
    endSession: handle => own("/bff/sessions/" + encodeURIComponent(handle), "DELETE"),
    endOtherSessions: () => own("/bff/sessions?scope=others", "DELETE"),
  };
}
