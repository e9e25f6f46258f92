// Explorers: figures whose runs, networks and measures a reader chooses in place. Everything else
// that they need is loaded when they come near the window; without scripts, if a library does not
// load, and in print, the drawing stays as it is.
"use strict";

(() => {
  const NEAR = "400px 0px";
  const LIBRARIES = ["explorer/d3", "explorer/plot"];
  const PARTS = ["explorer-lines", "explorer-chart", "explorer-choice", "explorer-view"];
  const scripts = new Map();

  function load(address) {
    const script = document.createElement("script");
    const done = new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = () => reject(new Error(`${address} does not load`));
    });
    script.src = address;
    document.head.append(script);
    return done;
  }

  // One script after the other, since each needs those before it; the data of the kind at the end.
  async function needed({ kind, root }) {
    for (const name of [...LIBRARIES, ...PARTS, `explorer/${kind}`]) {
      const address = `${root}_static/${name}.js`;
      if (!scripts.has(address)) scripts.set(address, load(address));
      await scripts.get(address);
    }
    return globalThis.explorerData[kind];
  }

  // In a figure: the explorer in place of the drawing, and a button that changes them.
  function setUp(root) {
    const figure = root.closest("figure");
    const body = document.createElement("div");
    const button = document.createElement("button");
    const { drawing, explorer } = JSON.parse(root.dataset.words);
    let ready = null;

    function view(explore) {
      body.hidden = !explore;
      figure.classList.toggle("explored", explore);
      button.textContent = explore ? drawing : explorer;
    }

    async function make() {
      const data = await needed(root.dataset);
      if (!data.sources.length) throw new Error("the store holds no record for it");
      view(true);
      new globalThis.ExplorerView(body, data, root.dataset);
    }

    function explore() {
      ready ??= make().catch((reason) => {
        console.warn("The explorer cannot be shown:", reason.message);
        view(false);
        root.hidden = true;
      });
      return ready;
    }

    button.type = "button";
    button.className = "explorer-toggle";
    button.addEventListener("click", () => (ready ? view(body.hidden) : explore()));
    view(false);
    root.append(body, button);
    root.hidden = false;
    if (root.dataset.view === "explore") whenNear(figure, explore);
  }

  function whenNear(element, act) {
    const seen = (entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      act();
    };
    const observer = new IntersectionObserver(seen, { rootMargin: NEAR });
    observer.observe(element);
  }

  document.querySelectorAll(".explorer").forEach(setUp);
})();
