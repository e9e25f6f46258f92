// What the page puts off comes once it is there, a piece at a time: the pictures that wait, so that
// the whole page can be read without a network, and on a phone the sections not laid out yet.
"use strict";
(() => {
  const idle = window.requestIdleCallback ?? ((task) => setTimeout(task, 50));
  const rest = () => new Promise((resolve) => idle(resolve));

  const sections = () => document.querySelectorAll(".bd-article > section > section");
  const layOut = (section) => section.style.setProperty("content-visibility", "visible");

  const fetchPicture = (image) => {
    image.loading = "eager";
    return image.decode().catch(() => null); // one that does not load holds up no other
  };

  const bringAll = async () => {
    for (const section of sections()) {
      await rest();
      layOut(section);
    }
    for (const image of document.querySelectorAll("img[loading=lazy]")) {
      await rest();
      await fetchPicture(image);
    }
  };

  if (location.hash) sections().forEach(layOut); // nothing may move the place that it names
  addEventListener("load", bringAll);
})();
