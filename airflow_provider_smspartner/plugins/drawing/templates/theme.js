"use strict";
// Inside Airflow's UI, its choice of light or dark goes; alone, that of the browser, in the style sheet
(() => {
  const own = document.documentElement;
  try {
    const around = window.parent === window ? null : window.parent.document.documentElement;
    const follow = () => {
      const chosen = ["dark", "light"].find((theme) => around.classList.contains(theme));
      own.dataset.theme = chosen ?? "";
    };
    if (around) {
      follow();
      new MutationObserver(follow).observe(around, { attributeFilter: ["class"] });
    }
  } catch {
    // framed by somebody else: the browser's choice goes
  }
})();
