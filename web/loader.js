// Starts the app: downloads the WebAssembly bundle, shows how far it is, and runs it. Until then the prerendered page is
// usable as it is. It is the only script written by hand; wasm_exec.js is Go's own. There is no service worker.
//
// The document has begun the download. Where the server is near, this machine's time is what is scarce: the page is painted
// before the bundle is compiled and run. Where it is far, the bundle is compiled while it arrives.
"use strict";

(() => {
  const { wasm, size, session, csrf } = document.currentScript.dataset;
  const page = document.documentElement;
  const byId = (id) => document.getElementById(id);

  // How far the app is, for app.css: loading, running, unsupported, failed.
  const become = (state) => { page.dataset.app = state; };

  // go-app takes over every click on a link of this origin. Only links that name a route are its business: all others,
  // those to /bff/ first of all, are navigations that the server has to see. Runs before go-app's own listener, which
  // is the window's.
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element && event.target.closest("a");
    if (link && !("route" in link.dataset && plain(event))) event.stopPropagation();
  });
  const plain = (event) => !(event.shiftKey || event.altKey || event.ctrlKey || event.metaKey);

  // A browser may be told to keep nothing for a page: to ask for a storage is an error then, which would end the app. What it keeps
  // there is of no use after this page.
  for (const storage of ["localStorage", "sessionStorage"]) {
    try {
      if (window[storage]) continue;
    } catch { /* refused */ }
    const kept = new Map();
    const value = {
      get length() { return kept.size; },
      key: (index) => [...kept.keys()][index] ?? null,
      getItem: (key) => kept.get(key) ?? null,
      setItem: (key, text) => { kept.set(key, text); },
      removeItem: (key) => { kept.delete(key); },
      clear: () => { kept.clear(); },
    };
    Object.defineProperty(window, storage, { value });
  }

  const far = () => {
    const [visit] = performance.getEntriesByType("navigation");
    return !visit || visit.responseStart - visit.requestStart > 30; // milliseconds from the question to the answer
  };

  // Resolves once the prerendered page is on the screen. A page in the background is not painted, and does not wait for it.
  const painted = () => new Promise((resolve) => {
    if (document.hidden || !PerformanceObserver.supportedEntryTypes.includes("paint")) resolve();
    new PerformanceObserver((list, observer) => {
      if (list.getEntriesByName("first-contentful-paint").length === 0) return;
      observer.disconnect();
      resolve();
    }).observe({ type: "paint", buffered: true });
    setTimeout(resolve, 1000);
  });

  // The app's first question is who is signed in: it is asked while the bundle is on its way, in the words of the app, and the
  // app takes the answer, once: before its first frame when it is there by then, and waits for it no longer than for any other
  // (backend/early_js.go).
  const askEarly = () => {
    const headers = { Accept: "application/json", [csrf]: "1" };
    const abort = new AbortController();
    const asked = fetch(session, {
      headers, mode: "same-origin", credentials: "same-origin", redirect: "error", cache: "no-store", signal: abort.signal,
    });
    const answered = asked.then(async (response) => ({
      status: response.status, type: response.headers.get("Content-Type"), body: await response.arrayBuffer(), at: performance.now(),
    }));
    const early = { answered, abort };
    answered.then((answer) => { early.answer = answer; }, () => {}); // without one the app asks again
    globalThis.earlySession = early;
  };

  // What is done in a blink needs no bar.
  const blink = () => new Promise((resolve) => { setTimeout(resolve, 200); });

  // Counts the bytes of a copy of the body, so that the browser compiles (and caches the compiled code of) the response
  // itself while it arrives. Size is what comes out after decompression.
  const showProgress = async (response) => {
    const bar = byId("loading");
    let loaded = 0;
    await blink();
    for (const reader = response.body.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      loaded += value.byteLength;
      bar.value = Math.min(100, (100 * loaded) / size);
    }
  };

  const start = async () => {
    const go = new Go();
    // Where go-app resolves /web/ links to; it would drop the prefix otherwise.
    go.env = { GOAPP_STATIC_RESOURCES_URL: "/web" };
    askEarly();
    const near = !far();
    if (near) await painted();
    const response = await fetch(wasm);
    if (!response.ok) throw new Error(`${wasm}: status ${response.status}`);
    // The bar is a courtesy; the real reader reports errors. Where the server is near it does not say how far the download is: to
    // copy what arrives would take longer than what is left of it.
    if (near) blink().then(() => byId("loading").removeAttribute("value"));
    else showProgress(response.clone()).catch(() => {});
    const { instance } = await WebAssembly.instantiateStreaming(response, go.importObject);
    const exit = go.run(instance);
    become("running");
    await exit;
    throw new Error("the app stopped");
  };

  const fail = (error) => {
    become("failed");
    byId("load-failed").hidden = false;
    console.error(error);
  };

  if (typeof WebAssembly !== "object" || typeof WebAssembly.instantiateStreaming !== "function") {
    become("unsupported");
    byId("no-wasm").hidden = false;
    return;
  }
  become("loading");
  start().catch(fail);
})();
