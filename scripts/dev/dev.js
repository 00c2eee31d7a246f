// Reloads the page after each build, and shows what the compiler says. Only make dev serves it.
"use strict";

(() => {
  const show = (text) => {
    const old = document.getElementById("dev-error");
    if (old) old.remove();
    if (!text) return;
    const box = document.createElement("pre");
    box.id = "dev-error";
    box.setAttribute("role", "alert");
    box.textContent = text;
    Object.assign(box.style, {
      position: "fixed", inset: "1rem", zIndex: 9, margin: 0, padding: "1.5rem", overflow: "auto", whiteSpace: "pre-wrap",
      background: "#1b1113", color: "#ffd9cc", border: "3px solid #ff7a52", borderRadius: "12px", font: "14px/1.5 ui-monospace, monospace",
    });
    document.body.append(box);
  };

  let build = 0;
  new EventSource("/web/dev/events").onmessage = ({ data }) => {
    const said = JSON.parse(data);
    show(said.error);
    if (build && said.build && said.build !== build) location.reload();
    build = said.build || build || 1; // a page that began with an error reloads at the first good build
  };
})();
