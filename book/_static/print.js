"use strict";
// Paper is white: print in the light theme, and go back to the reader's own afterwards. Pictures
// that still wait are fetched now.
(() => {
  const root = document.documentElement;
  let theme = null;
  addEventListener("beforeprint", () => {
    theme = root.dataset.theme;
    root.dataset.theme = "light";
    for (const image of document.querySelectorAll("img[loading=lazy]")) image.loading = "eager";
  });
  addEventListener("afterprint", () => {
    if (theme) root.dataset.theme = theme;
  });
  for (const button of document.querySelectorAll(".btn-download-pdf-button")) {
    button.addEventListener("click", () => window.print());
  }
})();
