// Has the browser make or show a passkey (WebAuthn) and sends its answer with the form that asks for it.
"use strict";

(() => {
  const form = document.getElementById("passkey_form");
  const button = document.getElementById("passkey");
  const say = (id) => {
    for (const other of ["passkey_failed", "passkey_unsupported", "passkey_refused"]) {
      const message = document.getElementById(other);
      if (message) message.hidden = other !== id;
    }
  };
  if (!form || !button) return;
  if (!window.PublicKeyCredential || !navigator.credentials) {
    say("passkey_unsupported");
    return;
  }

  const bytes = (text) => {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    return Uint8Array.from(binary, (c) => c.charCodeAt(0));
  };
  const text = (buffer) => {
    if (!buffer) return undefined;
    let binary = "";
    for (const byte of new Uint8Array(buffer)) binary += String.fromCharCode(byte);
    return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };
  const decoded = (list) => (list || []).map((one) => ({ ...one, id: bytes(one.id) }));

  const create = async (options) => {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = decoded(options.excludeCredentials);
    const made = await navigator.credentials.create({ publicKey: options });
    return [made, {
      attestationObject: text(made.response.attestationObject),
      transports: made.response.getTransports ? made.response.getTransports() : [],
    }];
  };
  const show = async (options) => {
    options.allowCredentials = decoded(options.allowCredentials);
    const shown = await navigator.credentials.get({ publicKey: options });
    return [shown, {
      authenticatorData: text(shown.response.authenticatorData),
      signature: text(shown.response.signature),
      userHandle: text(shown.response.userHandle),
    }];
  };

  button.addEventListener("click", async () => {
    say(null);
    button.disabled = true;
    try {
      const options = JSON.parse(form.dataset.options);
      options.challenge = bytes(options.challenge);
      const [credential, response] = await ("create" in form.dataset ? create(options) : show(options));
      form.elements.credential.value = JSON.stringify({
        id: credential.id,
        rawId: text(credential.rawId),
        type: credential.type,
        authenticatorAttachment: credential.authenticatorAttachment || undefined,
        clientExtensionResults: {},
        response: { ...response, clientDataJSON: text(credential.response.clientDataJSON) },
      });
      form.submit();
    } catch {
      say("passkey_failed"); // the user cancelled, has none, or the device did not answer: the browser does not say which
      button.disabled = false;
    }
  });
  // Back from the application, the button is to be of use again.
  addEventListener("pageshow", () => { button.disabled = false; });
  button.hidden = false;
})();
