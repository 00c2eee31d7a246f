// The browser adds the cookie, the server the token.
async function call(method, path, body) {
  const answer = await fetch(path, {
    method,
    redirect: "error",
    headers: {
      "X-BFF-CSRF": "1",
      ...(body && { "Content-Type": "application/json" }),
    },
    body: body && JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  if (answer.ok) return answer.json();

  const kind = answer.headers.get("Content-Type") ?? "";
  const problem = kind.includes("problem+json")
    ? await answer.json()
    : {};
  if (answer.status === 401) {
    // No session, or one that needs a fresh sign-in.
    const login = problem.login_url ?? "/bff/login";
    const back = encodeURIComponent(location.pathname);
    const separator = login.includes("?") ? "&" : "?";
    location.assign(`${login}${separator}returnUrl=${back}`);
  }
  throw new Error(problem.code ?? `status ${answer.status}`);
}

const session = await call("GET", "/bff/session");
if (session.authenticated) {
  await call("POST", "/api/notes", { text: "from JavaScript" });
  const { notes } = await call("GET", "/api/notes");
}
