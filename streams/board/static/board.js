// Keeps the wall's sections current: fetches them again and replaces those that changed. The page
// says all it has to say without this script.
(() => {
  "use strict";
  const LIMIT_MS = 8000;
  const every = Number(document.body.dataset.every) * 1000;
  const address = document.body.dataset.live;
  const lost = document.getElementById("lost");
  const said = document.getElementById("said");
  let seen = new Date();
  let timer = 0;
  let asking = false;

  const cards = () =>
    new Set([...document.querySelectorAll("[data-card]")].map((row) => row.dataset.card));

  const replace = (fresh) => {
    const old = document.getElementById(fresh.id);
    if (!old || old.outerHTML === fresh.outerHTML) return;
    const focus = old.contains(document.activeElement) ? document.activeElement : null;
    old.replaceWith(fresh);
    if (focus) {
      const same = [...fresh.querySelectorAll("a")].find((link) => link.href === focus.href);
      (same || document.getElementById("main")).focus({ preventScroll: true });
    }
  };

  const show = (html) => {
    const before = cards();
    const sections = new DOMParser().parseFromString(html, "text/html").body.children;
    for (const section of [...sections]) replace(document.adoptNode(section));
    const added = [...document.querySelectorAll("[data-card]")].filter(
      (row) => !before.has(row.dataset.card),
    );
    if (added.length === 0) return;
    for (const row of added) {
      row.classList.add("fresh");
      row.addEventListener("animationend", () => row.classList.remove("fresh"), { once: true });
    }
    said.textContent = `${said.dataset.new}: ${added.length}`;
  };

  const refresh = async () => {
    if (asking) return;
    asking = true;
    clearTimeout(timer);
    let wait = every;
    // Not AbortSignal.timeout: browsers before Chromium 103 lack it (docs/board.md: the floor).
    const stop = new AbortController();
    const limit = setTimeout(() => stop.abort(), LIMIT_MS);
    try {
      const answer = await fetch(address, {
        cache: "no-store",
        signal: stop.signal,
      });
      if (!answer.ok) throw new Error(String(answer.status));
      show(await answer.text());
      seen = new Date();
      lost.hidden = true;
    } catch {
      wait = 3 * every;
      lost.lastElementChild.textContent = seen.toLocaleTimeString();
      lost.hidden = false;
    }
    clearTimeout(limit);
    asking = false;
    timer = setTimeout(refresh, document.hidden ? 10 * every : wait);
  };

  document.addEventListener("visibilitychange", () => document.hidden || refresh());
  timer = setTimeout(refresh, every);
})();
