"use strict";
(() => {
  const byId = (id) => document.getElementById(id);
  const form = document.querySelector("form");
  const username = byId("username");

  // The buttons that show a password. Before the form is sent, each is a password again, so that
  // browsers do not keep it as a text that was entered.
  for (const input of document.querySelectorAll("input[data-show]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "show";
    button.setAttribute("aria-controls", input.id);
    const show = (isShown) => {
      input.type = isShown ? "text" : "password";
      button.textContent = isShown ? input.dataset.hide : input.dataset.show;
    };
    button.addEventListener("click", () => show(input.type === "password"));
    form.addEventListener("submit", () => show(false));
    addEventListener("pagehide", () => show(false));
    show(false);
    input.after(button);
  }

  const ask = async (url, fields) => {
    try {
      const answer = await fetch(url, { method: "POST", body: new URLSearchParams(fields) });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  };

  // The link of a mail has the token in the fragment, which is not sent. It moves into the form and
  // out of the address, and stays with the links to other languages.
  const code = byId("code");
  // After a refusal, the code is in the form already.
  if (code && code.value && !code.hasAttribute("aria-invalid")) byId("code-field").hidden = true;
  const takeToken = async () => {
    const fragment = location.hash.slice(1);
    const parameters = new URLSearchParams(fragment);
    const token = parameters.get("token");
    if (!code || !token) return;
    code.value = token;
    username.value = parameters.get("email") || parameters.get("user_id") || "";
    byId("code-field").hidden = true;
    history.replaceState(null, "", location.pathname + location.search);
    for (const link of document.querySelectorAll("nav a")) link.hash = fragment;
    const answer = await ask(form.dataset.check, { code: token });
    if (answer && !answer.valid) {
      const url = new URL(form.dataset.dead, location.href);
      url.searchParams.set("dead", "1");
      location.replace(url);
    }
  };
  addEventListener("hashchange", takeToken);
  takeToken();

  // What is missing in a new password: what the page knows at once, the rest after a pause.
  const password = byId("new-password");
  if (!password) return;
  const rules = new Map();
  for (const item of document.querySelectorAll("li[data-rule]")) rules.set(item.dataset.rule, item);
  const mark = (rule, isMet) => {
    const item = rules.get(rule);
    if (!item) return;
    item.classList.toggle("is-met", isMet);
    item.querySelector(".met").hidden = !isMet;
  };
  const markBroken = (codes) => {
    for (const [rule, item] of rules) item.classList.toggle("is-broken", codes.includes(rule));
  };
  const length = (text) => [...text.normalize("NFC")].length;
  const onServer = ["missing-letter", "missing-digit", "missing-special", "common", "weak"];
  const live = byId("new-password-live");
  let pause;
  // The errors of the server are about the password that was sent.
  const forget = () => {
    byId("new-password-error")?.remove();
    password.removeAttribute("aria-invalid");
    password.setAttribute("aria-describedby", "new-password-rules");
  };
  password.addEventListener("input", forget, { once: true });
  const check = () => {
    clearTimeout(pause);
    live.textContent = "";
    markBroken([]);
    const text = password.value;
    const isLong = length(text) >= password.minLength;
    const current = byId("current-password");
    mark("too-short", isLong);
    if (current) mark("same-as-current", text !== "" && text !== current.value);
    for (const rule of onServer) mark(rule, false);
    if (!isLong) return;
    pause = setTimeout(async () => {
      const fields = { "new-password": text, username: username.value };
      const answer = await ask(form.dataset.evaluate, fields);
      if (!answer || password.value !== text) return;
      const codes = answer.violations.map((it) => it.code);
      for (const rule of onServer) mark(rule, !codes.includes(rule));
      markBroken(codes);
      // Sentences about rules in the list are for screen readers, and move nothing.
      live.classList.toggle("is-unseen", codes.every((code) => rules.has(code)));
      live.textContent = answer.violations.map((it) => it.message).join(" ");
    }, 700);
  };
  for (const input of document.querySelectorAll("input")) input.addEventListener("input", check);
})();
