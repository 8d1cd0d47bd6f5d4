// What the pages do beyond plain forms: keep what is typed, warn before the session ends, lock a page left open.
// No page needs this file to save. In the browser's stores lies nothing but what is written of a note, sealed under a key
// that is not there.
(() => {
  "use strict";
  const $ = (selector, root) => (root || document).querySelector(selector);
  const say = (element, key, state) => {
    if (!element) return;
    element.textContent = (element.dataset[key] || "").replace("{time}", new Date().toLocaleTimeString(document.documentElement.lang, { hour: "2-digit", minute: "2-digit" }));
    element.dataset.state = state;
  };

  // -- unsaved notes, sealed in this browser: for when the vault does not answer, or the page dies -----------
  // The key comes with the form, for its author and that note alone, and is held by this page only. Lengths are rounded up.
  const shelf = (() => {
    if (!window.isSecureContext || !window.indexedDB || !crypto.subtle) return null;
    const opened = new Promise((done, failed) => {
      const asked = indexedDB.open("parefeu", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("sealed", { keyPath: "id" });
      asked.onsuccess = () => done(asked.result);
      asked.onerror = () => failed(asked.error);
    });
    opened.catch(() => {});
    const ask = async (mode, what) => {
      const base = await opened;
      return new Promise((done, failed) => {
        const turn = base.transaction("sealed", mode);
        const asked = what(turn.objectStore("sealed"));
        turn.oncomplete = () => done(asked.result);
        turn.onabort = turn.onerror = () => failed(turn.error);
      });
    };
    return {
      all: () => ask("readonly", (store) => store.getAll()),
      put: (entry) => ask("readwrite", (store) => store.put(entry)),
      drop: (id) => ask("readwrite", (store) => store.delete(id)),
      dropAll: async (wanted) => {
        const found = (await ask("readonly", (store) => store.getAll())).filter(wanted);
        await Promise.all(found.map((entry) => ask("readwrite", (store) => store.delete(entry.id))));
      },
    };
  })();
  const fields = (of) => Object.fromEntries([...of.querySelectorAll("[data-keep], [name=based_on], [name=correction]")].map((one) => [one.name, one.value]));

  async function sealing(of) {
    if (!shelf || !of || !of.dataset.seal) return null;
    const bytes = (hex) => Uint8Array.from(hex.match(/../g), (pair) => parseInt(pair, 16));
    const place = of.dataset.place;
    const raw = bytes(of.dataset.seal);
    delete of.dataset.seal;
    const key = await crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
    raw.fill(0);
    const how = (iv) => ({ name: "AES-GCM", iv, additionalData: new TextEncoder().encode(place) });
    const entry = { id: crypto.randomUUID(), place, at: 0, sent: false, kept: false };
    const begun = []; // copies of other pages with the text that this one began with: its own takes their place
    let queue = Promise.resolve();
    const write = () => {
      const told = new TextEncoder().encode(JSON.stringify(fields(of)));
      const padded = new Uint8Array(Math.ceil((told.length + 1) / 1024) * 1024).fill(0x20);
      padded.set(told);
      const iv = crypto.getRandomValues(new Uint8Array(12));
      queue = queue.catch(() => {}).then(async () => {
        const data = await crypto.subtle.encrypt(how(iv), key, padded);
        Object.assign(entry, { iv, data, at: Date.now(), kept: false });
        await shelf.put({ ...entry });
        while (begun.length) await shelf.drop(begun.pop().id);
      });
      return queue;
    };
    const mark = (what) => {
      if (entry.data) Object.assign(entry, what);
      for (const one of entry.data ? [entry] : begun) shelf.put({ ...one, ...what }).catch(() => {});
    };
    const read = async (one) => {
      try {
        return JSON.parse(new TextDecoder().decode(await crypto.subtle.decrypt(how(one.iv), key, one.data)));
      } catch (fault) { return null; }
    };
    const days = Number(of.dataset.days) * 86400000;
    await shelf.dropAll((one) => Date.now() - one.at > days);
    const offered = [];
    for (const one of (await shelf.all()).filter((one) => one.place === place).sort((a, b) => b.at - a.at)) {
      const told = await read(one);
      if (!told) continue;
      if (!told.text.trim()) await shelf.drop(one.id);
      else if (told.text.trim() === fields(of).text.trim()) begun.push(one);
      else offered.push({ one, told });
    }
    const banner = $("#found");
    const offer = () => {
      banner.hidden = !offered.length;
      if (!offered.length) return;
      const { one, told } = offered[0];
      $("#found-told").textContent = banner.dataset.told.replace("{time}", new Date(one.at).toLocaleString(document.documentElement.lang, { dateStyle: "short", timeStyle: "short" }));
      $("#found-text").textContent = told.text;
    };
    $("#found-take").addEventListener("click", async () => {
      const { one, told } = offered.shift();
      const here = { ...fields(of) };
      // What stood in the form goes where the other came from: nothing is lost by a wrong choice.
      if (!entry.data && !begun.length && of.elements.draft.value && here.text.trim()) await write();
      const stood = entry.data ? { ...entry } : begun.shift();
      if (stood) offered.push({ one: stood, told: here });
      Object.assign(entry, { id: crypto.randomUUID(), data: null });
      for (const input of of.querySelectorAll("[data-keep], [name=based_on], [name=correction]")) if (told[input.name] !== undefined) input.value = told[input.name];
      begun.push(one);
      offer();
      const area = $("[name=text]", of);
      area.dispatchEvent(new Event("input", { bubbles: true }));
      area.focus();
    });
    $("#found-drop").addEventListener("click", async () => {
      await shelf.drop(offered.shift().one.id);
      offer();
      $("[name=text]", of).focus();
    });
    offer();
    return { write, kept: () => mark({ kept: true }), sent: () => mark({ sent: true }) };
  }
  if (shelf) {
    // A note that was saved, or thrown away, needs no copy; and whoever signs out leaves what only this browser has.
    if (["note", "draft"].includes(($("[data-done]") || { dataset: {} }).dataset.done)) shelf.dropAll((one) => one.sent).catch(() => {});
    const leaving = $("#sign-out");
    if (leaving) leaving.addEventListener("submit", (event) => {
      event.preventDefault();
      shelf.dropAll((one) => one.kept).catch(() => {}).finally(() => leaving.submit());
    });
  }

  // -- drafts: sealed by the server a moment after the last key ----------------------------------------------
  let dirty = false;
  let saving = null;
  const form = $("form[data-draft]");
  const status = $("#draft-status");
  let timer = 0;
  let soon = 0;
  let local = null;
  sealing(form).then((made) => { local = made; if (local && dirty) local.write().catch(() => {}); }, () => {});

  async function keep() {
    if (!form || !dirty || saving) return saving;
    const sent = new URLSearchParams(new FormData(form));
    dirty = false;
    say(status, "saving", "busy");
    saving = (async () => {
      try {
        const send = () => fetch(form.dataset.draft, { method: "POST", body: sent, credentials: "same-origin", redirect: "manual", keepalive: sent.toString().length < 60000 });
        let reply = await send();
        // The note of another page of this case was saved meanwhile: what is typed here is a draft of its own.
        const since = reply.status === 409 ? await reply.text() : "";
        if (/^[0-9]+$/.test(since) && form.elements.since) {
          form.elements.since.value = since;
          sent.set("since", since);
          reply = await send();
        }
        if (!reply.ok) throw new Error(String(reply.status));
        say(status, "saved", "good");
        if (local && !dirty) local.kept();
      } catch (fault) {
        dirty = true;
        const held = local && await local.write().then(() => true, () => false);
        say(status, held ? "local" : "unsaved", held ? "held" : "bad");
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
      clearTimeout(soon);
      soon = setTimeout(() => { if (local) local.write().catch(() => {}); }, 250);
    });
    form.addEventListener("submit", () => { dirty = false; clearTimeout(timer); clearTimeout(soon); if (local) local.sent(); });
    window.addEventListener("online", keep);
    window.addEventListener("pagehide", () => { if (dirty) { if (local) local.write().catch(() => {}); keep(); } });
    window.addEventListener("beforeunload", (event) => { if (dirty && status && status.dataset.state === "bad") event.preventDefault(); });
  }

  // -- a button that is pressed twice sends its form once: what is saved twice stands in the file twice -------
  let sentAt = new WeakMap();
  document.addEventListener("submit", (event) => {
    if (!event.isTrusted || Date.now() - (sentAt.get(event.target) || 0) > 10000) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }, true);
  window.addEventListener("submit", (event) => {
    if (event.isTrusted && !event.defaultPrevented && event.target.getAttribute("method") === "post") sentAt.set(event.target, Date.now());
  });
  window.addEventListener("pageshow", () => { sentAt = new WeakMap(); });

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
      const fault = $(".govuk-error-summary") || $("[data-focus]");
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

  // -- where a form was refused, the summary comes first; after what was done, the word that it was --------------
  const summary = $(".govuk-error-summary") || $("[data-focus]") || $("[data-done]");
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
  const spoken = $("select#language[data-keep]");
  if (spoken && $("#text")) spoken.addEventListener("change", () => { $("#text").lang = spoken.value; });
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
