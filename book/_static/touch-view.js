// What the identity page shows: controls, images with answers, chart and table, built from data.
"use strict";

globalThis.touchView = (() => {
  const PRESETS = [1, 0.5, 0];
  const MEASURES = {
    response: "standard deviation of α·F(x)",
    ratio: "‖α·F(x)‖ / ‖x‖, mean over the images",
  };
  const COLUMNS = [
    "Block",
    "α",
    "Std of α·F(x)",
    "… with α = 1",
    "‖α·F(x)‖/‖x‖",
    "Largest |H(x) − shortcut(x)|",
  ];
  const ANSWERS = "Test images with the network's answers";
  const IN_NUMBERS = "Every block in numbers";

  const percent = (share) => `${Math.round(100 * share)} %`;
  const short = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "–");

  /** An element with attributes (functions become listeners) and children. */
  function make(tag, attributes = {}, ...children) {
    const node = document.createElement(tag);
    Object.entries(attributes).forEach(([key, value]) => {
      if (typeof value === "function") node.addEventListener(key, value);
      else node.setAttribute(key, value);
    });
    node.append(...children);
    return node;
  }

  /** A button of the page. */
  function button(text, click, attributes = {}) {
    return make("button", { type: "button", class: "touch-button", click, ...attributes }, text);
  }

  /** A list to choose from, with its label: pairs of value and words. */
  function choice(id, label, pairs, chosen) {
    const options = pairs.map(([value, words]) => make("option", { value }, words));
    const change = (event) => chosen(event.target.value);
    return [make("label", { for: id }, label), make("select", { id, change }, ...options)];
  }

  /** One image of the sample as large pixels. */
  function picture({ pixels, shape }, n, words) {
    const [, height, width, channels] = shape;
    const size = width * height;
    const data = new ImageData(width, height);
    for (let i = 0; i < size * 4; i += 1) {
      const pixel = (n * size + Math.floor(i / 4)) * channels;
      data.data[i] = i % 4 === 3 ? 255 : pixels[pixel + Math.min(i % 4, channels - 1)];
    }
    const canvas = make("canvas", { width, height, role: "img", "aria-label": words });
    canvas.getContext("2d").putImageData(data, 0, 0);
    return canvas;
  }

  /** Everything that the reader sees once the network runs. */
  class View {
    /** `act` holds what the controls do: alpha(value), toggle(block), reset(), network(name). */
    constructor(about, images, act) {
      Object.assign(this, { about, act, measure: "response" });
      this.chips = make("div", { class: "touch-chips" });
      this.summary = make("p", { class: "touch-summary" });
      this.live = make("p", { class: "touch-live", role: "status" });
      this.node = make(
        "div",
        { class: "touch-app" },
        this.controls(),
        this.summary,
        this.live,
        this.pictures(images),
        this.chart(),
        this.table(),
      );
      new ResizeObserver(() => this.draw()).observe(this.plot);
    }

    controls() {
      const names = this.about.networks.map(({ name, label, error }) => [
        name,
        `${label} (test error ${error} %)`,
      ]);
      const input = (event) => this.act.alpha(Number(event.target.value));
      const range = { type: "range", min: 0, max: 1, step: 0.01, id: "touch-alpha", input };
      this.slider = make("input", range);
      this.value = make("output", { for: "touch-alpha" });
      this.presets = PRESETS.map((alpha) => button(`α = ${alpha}`, () => this.act.alpha(alpha)));
      const networks = choice("touch-network", "Network", names, this.act.network);
      const reset = button("Reset", this.act.reset);
      const presets = make("div", { class: "touch-presets" }, ...this.presets, reset);
      const label = make("label", { for: "touch-alpha" }, "α");
      const legend = make("legend", {}, "Delete blocks (α = 0 there alone)");
      return make(
        "div",
        { class: "touch-controls" },
        make("div", { class: "touch-row" }, ...networks),
        make("div", { class: "touch-row" }, label, this.slider, this.value, presets),
        make("fieldset", {}, legend, this.chips),
      );
    }

    pictures(images) {
      const { labels, names } = this.about.images;
      const tiles = labels.map((label, n) => {
        const canvas = picture(images, n, `Image ${n + 1}: ${names[label]}`);
        const truth = make("span", { class: "truth" }, names[label]);
        return make("li", {}, canvas, truth, make("span", { class: "answer" }));
      });
      const about = { class: "touch-tiles", tabindex: 0, "aria-label": ANSWERS };
      this.tiles = make("ul", about, ...tiles);
      return this.tiles;
    }

    chart() {
      const chosen = (measure) => {
        this.measure = measure;
        this.draw();
      };
      const row = choice("touch-measure", "Each block's", Object.entries(MEASURES), chosen);
      this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.svg.setAttribute("role", "img");
      this.plot = make("div", { class: "touch-plot" }, this.svg);
      const key = make(
        "p",
        { class: "touch-key" },
        make("span", { class: "swatch now" }),
        " now ",
        make("span", { class: "swatch before" }),
        " with α = 1 and every block · click a column to delete its block",
      );
      return make("div", {}, make("div", { class: "touch-row" }, ...row), this.plot, key);
    }

    table() {
      const heads = COLUMNS.map((text) => make("th", { scope: "col" }, text));
      const head = make("thead", {}, make("tr", {}, ...heads));
      this.rows = make("tbody");
      const about = { class: "touch-table", tabindex: 0, role: "region" };
      const table = make("table", { class: "table" }, head, this.rows);
      const inside = make("div", { ...about, "aria-label": IN_NUMBERS }, table);
      return make("details", {}, make("summary", {}, IN_NUMBERS), inside);
    }

    /** A switch for each block of a network. */
    offer({ blocks, widening }) {
      const chips = Array.from({ length: blocks }, (_, i) => {
        const wide = widening.includes(i + 1);
        const title = `Delete block ${i + 1}${wide ? ", which halves and widens the maps" : ""}`;
        const about = { class: "touch-chip", title, "aria-label": title };
        return button(`${i + 1}${wide ? "↓" : ""}`, () => this.act.toggle(i), about);
      });
      this.chips.replaceChildren(...chips);
    }

    /** The controls as the reader has set them. */
    set(alpha, deleted) {
      this.slider.value = alpha;
      this.value.textContent = alpha.toFixed(2);
      this.presets.forEach((b, i) => b.setAttribute("aria-pressed", PRESETS[i] === alpha));
      [...this.chips.children].forEach((b, i) => b.setAttribute("aria-pressed", deleted.has(i)));
    }

    /** A result: {about, factors, deleted, now, before, answers, text}. */
    show(result) {
      this.result = result;
      this.summary.textContent = result.text;
      result.answers.forEach((answer, n) => this.answer(this.tiles.children[n], answer));
      this.draw();
      this.number();
    }

    answer(tile, { label, confidence, right, changed }) {
      tile.className = `${right ? "right" : "wrong"}${changed ? " changed" : ""}`;
      const sure = make("span", { class: "sure" }, `${right ? "✓" : "✗"} ${percent(confidence)}`);
      tile.lastChild.replaceChildren(this.about.images.names[label], " ", sure);
    }

    draw() {
      if (!this.result) return;
      const { about, now, before, deleted } = this.result;
      const [values, kept] = [now[this.measure], before[this.measure]];
      const blocks = values.map((value, i) => ({
        now: value,
        before: kept[i],
        deleted: deleted.has(i),
        words: `Block ${i + 1}: ${short(value)}, with α = 1 ${short(kept[i])}`,
      }));
      const all = values.map(short).join(", ");
      const words = `Bars, one a block: ${MEASURES[this.measure]}. Now ${all}.`;
      this.svg.setAttribute("aria-label", words);
      touchChart.draw(this.svg, blocks, about.widening, this.act.toggle);
    }

    number() {
      const { factors, now, before } = this.result;
      const rows = factors.map((factor, i) => {
        const values = [factor, now.response[i], before.response[i], now.ratio[i], now.change[i]];
        const cells = values.map((value) => make("td", {}, short(value)));
        return make("tr", {}, make("th", { scope: "row" }, String(i + 1)), ...cells);
      });
      this.rows.replaceChildren(...rows);
    }
  }

  return { View, button, make, percent };
})();
