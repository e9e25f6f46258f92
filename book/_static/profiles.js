// The switch between profiles: one version of every result at a time, the choice remembered.
"use strict";
(() => {
  const KEY = "identity-profile";
  const root = document.documentElement;

  const remembered = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // a browser may refuse it to a page opened from disk
    }
  };

  const remember = (name) => {
    try {
      localStorage.setItem(KEY, name);
    } catch {
      // then the choice lasts as long as the page
    }
  };

  // The element that the address names may lie in a version that is not shown: go to its twin.
  const follow = () => {
    const id = decodeURIComponent(location.hash.slice(1));
    const target = id && document.getElementById(id);
    if (!target || target.getClientRects().length) return;
    document.getElementById(`${id}-${root.dataset.profile}`)?.scrollIntoView();
  };

  const start = () => {
    const box = document.querySelector("fieldset.profile-switch");
    if (!box) return;
    const choices = [...box.querySelectorAll("input")];
    const wanted = choices.find((choice) => choice.value === remembered());
    if (wanted) wanted.checked = true;
    const show = () => {
      root.dataset.profile = choices.find((choice) => choice.checked).value;
    };
    show();
    box.addEventListener("change", (event) => {
      show();
      remember(event.target.value);
    });
    box.hidden = false;
    follow();
    addEventListener("hashchange", follow);
  };

  if (document.readyState === "loading") addEventListener("DOMContentLoaded", start);
  else start();
})();
