// Starts the app: downloads the WebAssembly bundle, shows how far it is, and runs it. Until then the prerendered page is
// usable as it is. It is the only script written by hand; wasm_exec.js is Go's own. There is no service worker.
"use strict";

(() => {
  const { wasm, size } = document.currentScript.dataset;
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

  // Counts the bytes of a copy of the body, so that the browser compiles (and caches the compiled code of) the response
  // itself while it arrives. Size is what comes out after decompression.
  const showProgress = async (response) => {
    const bar = byId("loading");
    let loaded = 0;
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
    const response = await fetch(wasm);
    if (!response.ok) throw new Error(`${wasm}: status ${response.status}`);
    showProgress(response.clone()).catch(() => {}); // the bar is a courtesy; the real reader reports errors
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
