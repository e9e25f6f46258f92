// What the identity page draws from numbers: switches of blocks, answers, bars, a table.
"use strict";

globalThis.touchView = (() => {
  const TICKS = 4;
  const ROOM = 1.06; // of the tallest bar, so that it ends below the upper edge

  const percent = (share) => `${Math.round(100 * share)} %`;
  const short = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(3))) : "–");

  /** An element with properties and children. */
  function make(tag, properties = {}, ...children) {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  }

  /** A switch for each block of a network; those that begin a stage are marked. */
  function chips(holder, { blocks, widening }, toggle) {
    const made = Array.from({ length: blocks }, (_, i) => {
      const wide = widening.includes(i + 1);
      const title = `Delete block ${i + 1}${wide ? ", which halves and widens the maps" : ""}`;
      const about = { type: "button", title, ariaLabel: title, onclick: () => toggle(i) };
      return make("button", about, `${i + 1}${wide ? "↓" : ""}`);
    });
    holder.replaceChildren(...made);
  }

  /** Below each image, the network's answer; a frame marks those that α or a deletion changed. */
  function answers(tiles, found, names) {
    found.forEach(({ label, confidence, right, changed }, n) => {
      const sure = make("span", {}, `${right ? "✓" : "✗"} ${percent(confidence)}`);
      tiles.children[n].className = `${right ? "right" : "wrong"}${changed ? " changed" : ""}`;
      tiles.children[n].lastElementChild.replaceChildren(names[label], " ", sure);
    });
  }

  /** A step of 1, 2 or 5 times a power of ten that divides the axis into a few parts. */
  function step(top) {
    const power = 10 ** Math.floor(Math.log10(top / TICKS));
    return power * ([1, 2, 5].find((factor) => factor * power * TICKS >= top) || 10);
  }

  /** A bar for each block, beside where it stood with α = 1; a click on one calls `toggle`. */
  function bars(plot, { now, before, deleted, widening, measure }, toggle) {
    const top = Math.max(...[...now, ...before].filter(Number.isFinite), 1e-6) * ROOM;
    const share = (value) => `${Number.isFinite(value) ? (100 * value) / top : 0}%`;
    const by = step(top);
    const ticks = Array.from({ length: Math.floor(top / by) + 1 }, (_, i) => {
      const tick = make("span", { className: "tick" }, short(i * by));
      tick.style.bottom = share(i * by);
      return tick;
    });
    const columns = now.map((value, i) => {
      const title = `Block ${i + 1}: ${short(value)}, with α = 1 ${short(before[i])}`;
      const about = { className: "column", title, onclick: () => toggle(i) };
      const column = make("div", about, make("span", {}, String(i + 1)));
      column.classList.toggle("first", widening.includes(i + 1));
      column.classList.toggle("deleted", deleted.has(i));
      column.style.setProperty("--now", share(value));
      column.style.setProperty("--before", share(before[i]));
      return column;
    });
    plot.replaceChildren(...ticks, ...columns);
    const values = now.map(short).join(", ");
    plot.ariaLabel = `Bars, one a block: ${measure}. Now ${values}.`;
  }

  /** One row a block: its factor and what was measured of it, now and with α = 1. */
  function table(body, factors, now, before) {
    const rows = factors.map((factor, i) => {
      const values = [factor, now.response[i], before.response[i], now.ratio[i], now.change[i]];
      const cells = values.map((value) => make("td", {}, short(value)));
      return make("tr", {}, make("th", { scope: "row" }, String(i + 1)), ...cells);
    });
    body.replaceChildren(...rows);
  }

  return { answers, bars, chips, percent, table };
})();
