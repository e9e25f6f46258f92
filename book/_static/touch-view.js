// What the identity page shows: controls, images with answers, chart and table, built from data.
"use strict";

globalThis.touchView = (() => {
  const PRESETS = [1, 0.5, 0];
  const MEASURES = ["response", "ratio"];

  const { fill } = touchEngine;
  const { button, choice, make, percent, picture, short } = touchElements;

  /** Everything that the reader sees once the network runs. */
  class View {
    /** `act` holds what the controls do: alpha(value), toggle(block), reset(), network(name). */
    constructor(about, images, act) {
      Object.assign(this, { about, act, measure: "response", phrases: about.phrases });
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
      const { phrases } = this;
      const names = this.about.networks.map(({ name, label, error }) => [
        name,
        fill(phrases.choice, { network: label, error }),
      ]);
      const input = (event) => this.act.alpha(Number(event.target.value));
      const range = { type: "range", min: 0, max: 1, step: 0.01, id: "touch-alpha", input };
      this.slider = make("input", range);
      this.value = make("output", { for: "touch-alpha" });
      this.presets = PRESETS.map((alpha) => button(`α = ${alpha}`, () => this.act.alpha(alpha)));
      const networks = choice("touch-network", phrases.network, names, this.act.network);
      const reset = button(phrases.reset, this.act.reset);
      const presets = make("div", { class: "touch-presets" }, ...this.presets, reset);
      const label = make("label", { for: "touch-alpha" }, "α");
      const legend = make("legend", {}, phrases.delete);
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
      const { image, answers } = this.phrases;
      const tiles = labels.map((label, n) => {
        const canvas = picture(images, n, fill(image, { number: n + 1, name: names[label] }));
        const truth = make("span", { class: "truth" }, names[label]);
        return make("li", {}, canvas, truth, make("span", { class: "answer" }));
      });
      const about = { class: "touch-tiles", tabindex: 0, "aria-label": answers };
      this.tiles = make("ul", about, ...tiles);
      return this.tiles;
    }

    chart() {
      const chosen = (measure) => {
        this.measure = measure;
        this.draw();
      };
      const { phrases } = this;
      const measures = MEASURES.map((name) => [name, phrases[name]]);
      const row = choice("touch-measure", phrases.measure, measures, chosen);
      this.svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
      this.svg.setAttribute("role", "img");
      this.plot = make("div", { class: "touch-plot" }, this.svg);
      const key = make(
        "p",
        { class: "touch-key" },
        make("span", { class: "swatch now" }),
        ` ${phrases.now} `,
        make("span", { class: "swatch before" }),
        ` ${phrases.before}`,
      );
      return make("div", {}, make("div", { class: "touch-row" }, ...row), this.plot, key);
    }

    table() {
      const { block, std, std_before: kept, change, numbers } = this.phrases;
      const columns = [block, "α", std, kept, "‖α·F(x)‖/‖x‖", change];
      const heads = columns.map((text) => make("th", { scope: "col" }, text));
      const head = make("thead", {}, make("tr", {}, ...heads));
      this.rows = make("tbody");
      const about = { class: "touch-table", tabindex: 0, role: "region" };
      const table = make("table", { class: "table" }, head, this.rows);
      const inside = make("div", { ...about, "aria-label": numbers }, table);
      return make("details", {}, make("summary", {}, numbers), inside);
    }

    /** A switch for each block of a network. */
    offer({ blocks, widening }) {
      const chips = Array.from({ length: blocks }, (_, i) => {
        const wide = widening.includes(i + 1);
        const { delete_block: one, delete_wide: first } = this.phrases;
        const title = fill(wide ? first : one, { block: i + 1 });
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
      const { phrases, measure } = this;
      const { about, now, before, deleted } = this.result;
      const [values, kept] = [now[measure], before[measure]];
      const blocks = values.map((value, i) => ({
        now: value,
        before: kept[i],
        deleted: deleted.has(i),
        words: fill(phrases.bar, { block: i + 1, now: short(value), before: short(kept[i]) }),
      }));
      const all = values.map(short).join(", ");
      const words = fill(phrases.bars, { measure: phrases[measure], values: all });
      this.svg.setAttribute("aria-label", words);
      const { widening } = about;
      touchChart.draw(this.svg, blocks, widening, this.act.toggle, phrases.axis);
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

  return { View };
})();
