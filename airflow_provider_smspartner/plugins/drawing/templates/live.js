"use strict";
(() => {
  const told = document.getElementById("live");
  const wanted = () => Number(document.getElementById("page").dataset.refresh ?? 0);
  let timer = 0;
  let failures = 0;

  const plan = () => {
    clearTimeout(timer);
    const seconds = wanted() * 2 ** Math.min(failures, 4);
    const moving = seconds > 0 && !document.hidden;
    if (moving) timer = setTimeout(look, seconds * 1000);
    if (failures > 0) told.textContent = told.dataset.silent ?? "";
    else told.textContent = wanted() > 0 ? (told.dataset.live ?? "") : "";
  };

  const swap = (page, fresh) => {
    const focused = document.activeElement?.id;
    const unfolded = new Map([...page.querySelectorAll("details[id]")].map((one) => [one.id, one.open]));
    page.replaceChildren(...fresh.childNodes);
    if (fresh.dataset.refresh) page.dataset.refresh = fresh.dataset.refresh;
    else delete page.dataset.refresh;
    for (const one of page.querySelectorAll("details[id]")) one.open = unfolded.get(one.id) ?? one.open;
    if (focused && document.activeElement?.id !== focused) {
      document.getElementById(focused)?.focus({ preventScroll: true });
    }
  };

  const look = async () => {
    try {
      const answer = await fetch(location.href, { cache: "no-store", credentials: "same-origin" });
      if (!answer.ok) throw new Error(String(answer.status));
      const text = await answer.text();
      // without its head: a style in there has a nonce that this page's policy does not know
      const main = text.slice(text.indexOf("<main"), text.indexOf("</main>"));
      const fresh = new DOMParser().parseFromString(main, "text/html").getElementById("page");
      const page = document.getElementById("page");
      // whoever marks a text to copy it must not lose it
      const marking = !getSelection().isCollapsed && page.contains(getSelection().anchorNode);
      if (fresh && !marking) swap(page, fresh);
      failures = 0;
    } catch {
      failures += 1;
    }
    plan();
  };

  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && wanted() > 0) look();
    else plan();
  });

  // The frame of Airflow's tabs may not navigate the window, and in Airflow 3.1 not download: the window is asked to
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[target=_top], a[download]");
    const plainly = event.button === 0 && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (!link || window.parent === window || !plainly) return;
    try {
      const outside = window.parent.document;
      const twin = outside.createElement("a");
      twin.href = link.href;
      if (link.hasAttribute("download")) twin.download = link.download;
      outside.body.append(twin);
      twin.click();
      twin.remove();
      event.preventDefault();
    } catch {
      // framed by somebody else: the browser decides
    }
  });

  plan();
})();
