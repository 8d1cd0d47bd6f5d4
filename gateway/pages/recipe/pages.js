// What the pages do beyond plain forms: keep what is typed, warn before the session ends, lock a page left open.
// No page needs this file to save. Nothing is kept in the browser's stores.
(() => {
  "use strict";
  const $ = (selector, root) => (root || document).querySelector(selector);
  const say = (element, key, state) => {
    if (!element) return;
    element.textContent = (element.dataset[key] || "").replace("{time}", new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }));
    element.dataset.state = state;
  };

  // -- drafts: sealed by the server a moment after the last key ----------------------------------------------
  let dirty = false;
  let saving = null;
  const form = $("form[data-draft]");
  const status = $("#draft-status");
  let timer = 0;

  async function keep() {
    if (!form || !dirty || saving) return saving;
    const sent = new URLSearchParams(new FormData(form));
    dirty = false;
    say(status, "saving", "busy");
    saving = (async () => {
      try {
        const reply = await fetch(form.dataset.draft, { method: "POST", body: sent, credentials: "same-origin", redirect: "manual", keepalive: sent.toString().length < 60000 });
        if (!reply.ok) throw new Error(String(reply.status));
        say(status, "saved", "good");
      } catch (fault) {
        dirty = true;
        say(status, "unsaved", "bad");
        clearTimeout(timer);
        timer = setTimeout(keep, 5000);
      } finally { saving = null; }
    })();
    return saving;
  }
  if (form) {
    form.addEventListener("input", (event) => {
      if (!event.target.matches("[data-keep]")) return;
      dirty = true;
      clearTimeout(timer);
      timer = setTimeout(keep, 1200);
    });
    form.addEventListener("submit", () => { dirty = false; clearTimeout(timer); });
    window.addEventListener("online", keep);
    window.addEventListener("pagehide", () => { if (dirty) keep(); });
    window.addEventListener("beforeunload", (event) => { if (dirty && status && status.dataset.state === "bad") event.preventDefault(); });
  }

  // -- any other form with words in it: leaving the page asks first -----------------------------------------
  document.querySelectorAll("form[data-guard]").forEach((guarded) => {
    let typed = false;
    guarded.addEventListener("input", () => { typed = true; });
    guarded.addEventListener("submit", () => { typed = false; });
    window.addEventListener("beforeunload", (event) => { if (typed) event.preventDefault(); });
  });
  // A language is chosen with a button of the form; that is no leaving either.
  document.querySelectorAll("button[name=_language]").forEach((button) => button.addEventListener("click", () => {
    dirty = false;
    if (button.form) button.form.dispatchEvent(new Event("submit"));
  }));

  // -- the session: warn, extend, lock ------------------------------------------------------------------------
  const dialog = $("dialog.p-timeout");
  if (dialog) {
    const idle = Number(dialog.dataset.idle) * 1000;
    const warn = Number(dialog.dataset.warn) * 1000;
    let ends = Date.now() + idle;
    let beat = Date.now();
    const left = $("#time-left");
    const stay = async () => {
      const reply = await fetch(dialog.dataset.stay, { method: "POST", body: new URLSearchParams({ _token: dialog.dataset.token }), credentials: "same-origin" });
      if (!reply.ok) return lock();
      ends = Date.now() + idle;
      beat = Date.now();
      if (dialog.open) dialog.close();
    };
    // Whoever types is there: the session goes on, at most one request every two minutes.
    for (const kind of ["keydown", "pointerdown"]) document.addEventListener(kind, () => {
      if (dialog.open || Date.now() - beat < Math.min(120000, idle / 4)) return;
      beat = Date.now();
      stay().catch(() => {});
    });
    const lock = async () => {
      dirty = dirty && Boolean(form);
      try { await Promise.race([keep(), new Promise((done) => setTimeout(done, 3000))]); } catch (fault) { /* told on the page */ }
      if (dirty) { dialog.close(); cover(); return; }
      try { await fetch(dialog.dataset.leave, { method: "POST", body: new URLSearchParams({ _token: dialog.dataset.token }), credentials: "same-origin", redirect: "manual" }); } catch (fault) { /* the cookie ends by itself */ }
      location.replace(dialog.dataset.again);
    };
    // What could not be kept stays in the page, out of sight, until the server answers again.
    const cover = () => {
      if ($(".p-lock")) return;
      const sheet = document.createElement("div");
      sheet.className = "p-lock";
      sheet.setAttribute("role", "alertdialog");
      const words = document.createElement("p");
      words.className = "p-width govuk-body-l";
      words.textContent = dialog.dataset.covered;
      sheet.append(words);
      document.body.append(sheet);
      const again = setInterval(async () => { await keep(); if (!dirty) { clearInterval(again); location.replace(dialog.dataset.again); } }, 5000);
    };
    $("#stay").addEventListener("click", () => { stay().catch(() => {}); });
    dialog.addEventListener("cancel", (event) => { event.preventDefault(); stay().catch(() => {}); });
    setInterval(() => {
      const remaining = ends - Date.now();
      if (remaining <= 0) { ends = Infinity; lock(); return; }
      if (remaining <= warn && !dialog.open) dialog.showModal();
      if (dialog.open && Number.isFinite(remaining)) left.textContent = String(Math.max(1, Math.ceil(remaining / 60000)));
    }, 500);
    // A page brought back by the back button may be older than the session: ask the server, not the memory.
    window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
  }

  // -- keys: one for a note, one to save ------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest && event.target.closest("input, textarea, select, [contenteditable]");
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && typing && typing.form && typing.form.id === "work") {
      const save = typing.form.querySelector("[data-save]");
      if (save) { event.preventDefault(); save.click(); }
      return;
    }
    if (typing || event.ctrlKey || event.metaKey || event.altKey || $("dialog[open]")) return;
    const quick = document.querySelector(`[data-shortcut="${CSS.escape(event.key)}"]`);
    if (quick && document.body.dataset.shortcuts !== "off") { event.preventDefault(); quick.click(); }
  });

  // -- a file on its way: how much has arrived. Without this the form is sent like any other ----------------------
  const listen = () => {
    const sending = $("form[data-upload]");
    if (sending) sending.addEventListener("submit", (event) => send(sending, event));
  };
  const send = (sending, event) => {
    const pressed = event.submitter;
    const file = $("#file").files[0];
    const told = $("#upload-status");
    const words = $("#upload").dataset;
    if (!file || (pressed && pressed.name === "_language")) return;
    event.preventDefault();
    const tell = (text, state) => { told.textContent = text; told.dataset.state = state; };
    if (file.size > Number(sending.dataset.largest)) { tell(words.large, "bad"); $("#file").focus(); return; }
    const request = new XMLHttpRequest();
    const bar = $("#upload-bar");
    const again = (text) => { $("#upload").hidden = true; if (pressed) pressed.disabled = false; tell(text, "bad"); };
    request.open("POST", sending.action);
    request.responseType = "document";
    request.setRequestHeader("x-parefeu-progress", "1");
    request.upload.addEventListener("progress", (now) => {
      const done = now.lengthComputable ? Math.floor(100 * now.loaded / now.total) : 0;
      bar.value = done;
      // Spoken in tenths: a status that changes with each per cent is no help to anybody.
      tell(done >= 100 ? words.sealing : words.sending.replace("{done}", String(done - done % 10)), "busy");
    });
    request.addEventListener("load", () => {
      const next = request.getResponseHeader("hx-redirect");
      if (next) { location.assign(next); return; }
      const page = request.response && request.response.querySelector("main");
      if (!page) { again(words.broken); return; }
      document.title = request.response.title;
      $("main").replaceWith(page);
      const fault = $(".govuk-error-summary");
      if (fault) fault.focus();
      listen();
    });
    request.addEventListener("error", () => again(words.broken));
    $("#upload").hidden = false;
    if (pressed) pressed.disabled = true;
    request.send(new FormData(sending));
  };
  listen();

  // -- passkeys: the authenticator is asked, its answer goes with the form. Password and code need none of this --------
  document.querySelectorAll("button[data-passkey]").forEach((button) => {
    const asking = button.form;
    const status = $("[data-passkey-status]", asking);
    if (!window.PublicKeyCredential || !PublicKeyCredential.parseRequestOptionsFromJSON) return;
    if (location.origin !== status.dataset.origin) { say(status, "elsewhere", "bad"); return; }
    button.hidden = false;
    let answered = false;
    asking.addEventListener("submit", async (event) => {
      if (event.submitter !== button || answered) return;
      event.preventDefault();
      const sent = new URLSearchParams(new FormData(asking));
      for (const secret of ["password", "code"]) sent.delete(secret);
      try {
        const reply = await fetch(button.dataset.passkey, { method: "POST", body: sent, credentials: "same-origin", redirect: "error" });
        // What the form lacks is told by the page, as without a script.
        if (reply.status !== 422) {
          if (!reply.ok) throw new Error(String(reply.status));
          const asked = await reply.json();
          const made = asked.create
            ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(asked.create) })
            : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(asked.get) });
          $("[name=passkey]", asking).value = JSON.stringify(made.toJSON());
          if (asked.signed_at) $("[name=signed_at]", asking).value = asked.signed_at;
        }
        answered = true;
        asking.requestSubmit(button);
      } catch (fault) {
        say(status, fault.name === "NotAllowedError" || fault.name === "InvalidStateError" ? "cancelled" : "failed", "bad");
      }
    });
  });

  // -- a letter is printed as it stands: the style sheet leaves out all but the letter -----------------------------
  const print = $("[data-print]");
  if (print) { print.hidden = false; print.addEventListener("click", () => window.print()); }

  // -- where a form was refused, the summary comes first ---------------------------------------------------------
  const summary = $(".govuk-error-summary") || $("[data-focus]");
  if (summary) summary.focus();
  // -- words that were missed are taken from where they are selected ---------------------------------------------
  const missed = $("#missed");
  if (missed && $("#text")) {
    $("#text").addEventListener("select", (event) => {
      const area = event.target;
      const words = area.value.slice(area.selectionStart, area.selectionEnd).trim();
      if (words && words.length <= 200 && !words.includes("\n")) missed.value = words;
    });
  }
  const chosen = $("select[data-skeletons]");
  if (chosen) {
    const area = $("#text");
    const language = $("#language");
    const place = () => {
      const skeleton = document.querySelector(`template[data-skeleton="${CSS.escape(chosen.value)}.${CSS.escape(language.value)}"]`);
      const untouched = [...document.querySelectorAll("template[data-skeleton]")].some((one) => one.content.textContent.trim() === area.value.trim());
      if (skeleton && (untouched || !area.value.trim())) area.value = skeleton.content.textContent.trim() + "\n";
    };
    chosen.addEventListener("change", place);
    language.addEventListener("change", place);
  }
})();
