// An explorer: its charts, what they show in words, and its controls.
"use strict";

globalThis.ExplorerView = (() => {
  const { adapt, atFirst, chosenRuns, controls, make, sourceControl } = globalThis.explorerChoice;
  const { NAMES, chart, domains, fill, linesOf, readable, title, words } = globalThis.explorerChart;
  const HEIGHT = 330; // px of a chart
  const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  let count = 0;

  function summary(data, choice, shown) {
    const { phrases } = data;
    const chosen = chosenRuns(choice);
    const networks = [...new Set(chosen.map((run) => `${NAMES[run.kind]}-${run.depth}`))];
    const both = (first, second) => fill(phrases.and, { first, second });
    const all = shown.map((name) => title(data, name)).reduce(both);
    const titles = choice.byRank ? fill(phrases.layers_sorted, { titles: all }) : all;
    const count = chosen.length;
    const runs = count === 1 ? phrases.one_run : fill(phrases.many_runs, { count });
    const { group, name: source } = choice.source;
    const told = { group, source, titles, networks: networks.join(", "), runs };
    return fill(phrases.summary, told);
  }

  // A point in words, with a link to the record of each run behind it.
  function reading(data, point, home) {
    const links = point.runs.flatMap((run, i) => {
      const href = `${home}records/${run.record}.json`;
      return [i ? ", " : "", make("a", { href, textContent: run.record })];
    });
    const records = point.runs.length > 1 ? data.phrases.records : data.phrases.record;
    const { who, where, what } = words(data, point);
    const value = `${title(data, point.series)}: ${what.join(", ")}`;
    return [`${[who.join(", "), ...where, value].join("; ")}. `, records, " ", ...links];
  }

  // The point that a key leads to; null where the key does not move.
  function moved(lines, cursor, key) {
    const row = lines.findIndex((line) => line.points.includes(cursor));
    if (row < 0) return key in STEPS ? lines[0].points[0] : null;
    const { points } = lines[row];
    if (key === "Home") return points[0];
    if (key === "End") return points.at(-1);
    if (!(key in STEPS)) return null;
    const [down, along] = STEPS[key];
    const next = lines[(row + down + lines.length) % lines.length].points;
    return next[Math.max(0, Math.min(next.length - 1, points.indexOf(cursor) + along))];
  }

  return class {
    // `root` is the element to fill; `about` names the runs shown at first and the way home.
    constructor(root, data, about) {
      this.data = data;
      this.home = about.root;
      this.id = `explorer-${(count += 1)}`;
      this.choice = atFirst(data, about.runs.split(" "));
      this.charts = make("div", { className: "explorer-charts" });
      this.readout = make("p", { className: "explorer-readout", "aria-live": "polite" });
      this.status = make("p", { className: "explorer-status", role: "status" });
      this.rest = make("div", { className: "explorer-rest" });
      const source = sourceControl(this.id, data, this.choice, () => this.changeSource());
      const form = make("form", { className: "explorer-controls" }, ...source, this.rest);
      form.addEventListener("submit", (event) => event.preventDefault());
      root.append(this.charts, this.readout, this.status, form);
      this.changeSource();
      new ResizeObserver(() => this.fit()).observe(this.charts);
    }

    changeSource() {
      const { id, data, choice } = this;
      adapt(data, choice);
      this.rest.replaceChildren(...controls(id, data, choice, () => this.show()));
      this.show();
    }

    // Everything anew, after a choice.
    show() {
      const { data, choice } = this;
      const runs = chosenRuns(choice);
      choice.cursor = null;
      const wanted = Object.keys(data.series).filter((name) => choice.series.has(name));
      const panels = wanted.map((name) => ({
        name,
        lines: linesOf(data, runs, name, choice.byRank),
      }));
      this.panels = panels.filter((panel) => panel.lines.length);
      const elements = this.panels.map((panel) => this.element(panel));
      const { nothing, point } = data.phrases;
      const empty = make("p", { className: "explorer-empty", textContent: nothing });
      this.domain = domains(data, this.panels.map((panel) => panel.lines));
      this.charts.replaceChildren(...(elements.length ? elements : [empty]));
      this.charts.classList.toggle("explorer-two", elements.length > 1);
      const shown = this.panels.map((panel) => panel.name);
      this.status.textContent = shown.length ? summary(data, choice, shown) : nothing;
      this.readout.textContent = shown.length ? point : "";
      this.draw();
    }

    // A chart's place in the page, with its title; a key or the pointer chooses a point in it.
    element(panel) {
      const { x, y, phrases } = this.data;
      const name = title(this.data, panel.name);
      const heading = make("p", { className: "explorer-title", textContent: name });
      panel.picture = make("div", {
        className: "explorer-picture",
        tabIndex: 0,
        role: "application",
        "aria-label": fill(phrases.chart, { name, x, y }),
      });
      panel.picture.addEventListener("keydown", (event) => this.key(event, panel));
      panel.picture.addEventListener("pointerenter", () => this.hold(null));
      return make("div", {}, heading, panel.picture);
    }

    key(event, panel) {
      if (event.key === "Escape") this.hold(null);
      if (event.altKey || event.ctrlKey || event.metaKey) return;
      const lines = readable(panel.lines, this.choice.each);
      const point = moved(lines, this.choice.cursor, event.key);
      if (!point) return;
      event.preventDefault();
      this.hold(point);
      this.read(point);
    }

    // Give a point the tip, or none.
    hold(point) {
      if (this.choice.cursor === point) return;
      this.choice.cursor = point;
      this.draw();
    }

    read(point) {
      this.readout.replaceChildren(...reading(this.data, point, this.home));
    }

    // Draw anew where the page has become wider or narrower.
    fit() {
      if (Math.abs(this.charts.clientWidth - this.width) > 1) this.draw();
    }

    draw() {
      const { byRank, each, cursor: held } = this.choice;
      this.width = this.charts.clientWidth;
      for (const { name, lines, picture } of this.panels) {
        const width = picture.clientWidth;
        if (!width) continue; // the drawing is shown instead
        const cursor = held?.series === name ? held : null;
        const settings = { domain: this.domain, each, byRank, cursor, width, height: HEIGHT };
        const drawn = chart(this.data, lines, settings);
        drawn.setAttribute("aria-hidden", "true");
        drawn.addEventListener("input", () => drawn.value && this.read(drawn.value));
        picture.replaceChildren(drawn);
      }
    }
  };
})();
