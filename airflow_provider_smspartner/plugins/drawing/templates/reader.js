"use strict";
// The language and the time zone of Airflow's UI stand in the browser; the server learns them by two cookies
(() => {
  const own = document.documentElement.dataset;
  const kept = (name) => {
    const found = document.cookie.split("; ").find((one) => one.startsWith(`${name}=`));
    return found ? decodeURIComponent(found.slice(name.length + 1)) : "";
  };
  const keep = (name, value) => {
    const age = value ? 31536000 : 0;
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `${name}=${encodeURIComponent(value)}; path=${own.home}; max-age=${age}; samesite=lax${secure}`;
    return kept(name) === value;
  };
  const zone = () => {
    try {
      const chosen = JSON.parse(localStorage.getItem("timezone") ?? "null");
      if (typeof chosen === "string" && chosen) return chosen;
    } catch {
      // not as Airflow writes it: then as if nothing were chosen
    }
    return Intl.DateTimeFormat().resolvedOptions().timeZone ?? "";
  };
  const follow = () => {
    try {
      const wanted = { smspartner_language: localStorage.getItem("i18nextLng") ?? "", smspartner_zone: zone() };
      const shown = { smspartner_language: document.documentElement.lang, smspartner_zone: own.zone };
      let again = false;
      for (const [name, value] of Object.entries(wanted)) {
        // a browser that keeps no cookie would load the page again and again
        if (kept(name) !== value && keep(name, value) && value && value !== shown[name]) again = true;
      }
      if (again) location.reload();
    } catch {
      // a browser that shows its storage to nobody: the request's own header goes
    }
  };
  follow();
  addEventListener("storage", follow);
})();
