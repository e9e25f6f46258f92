// The chart of the identity page: a bar for each block, beside where it stood with α = 1.
"use strict";

globalThis.touchChart = (() => {
  const HEIGHT = 230;
  const MARGIN = { top: 12, right: 4, bottom: 34, left: 44 };
  const BOTTOM = HEIGHT - MARGIN.bottom;
  const TICKS = 4;

  /** An SVG element. */
  function shape(tag, attributes, text = "") {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
    node.textContent = text;
    return node;
  }

  /** A line of text whose middle or end is at x. */
  function label(x, y, text, anchor = "middle", name = "tick") {
    return shape("text", { class: name, x, y, "text-anchor": anchor }, text);
  }

  /** A step of 1, 2 or 5 times a power of ten that divides the axis into a few parts. */
  function step(top) {
    const power = 10 ** Math.floor(Math.log10(top / TICKS));
    return power * ([1, 2, 5].find((factor) => factor * power * TICKS >= top) || 10);
  }

  /** Grid lines with their values. */
  function axis(svg, top, width, y) {
    const by = step(top);
    for (let i = 0; i * by <= top; i += 1) {
      const at = y(i * by);
      const ends = { x1: MARGIN.left, x2: width - MARGIN.right, y1: at, y2: at };
      const value = String(Number((i * by).toPrecision(3)));
      svg.append(shape("line", { class: "grid", ...ends }));
      svg.append(label(MARGIN.left - 6, at + 4, value, "end"));
    }
  }

  /** A rectangle of a column that stands on the axis; what is not a number has no height. */
  function bar(name, place, inset, top) {
    const y = Number.isFinite(top) ? top : BOTTOM;
    const width = Math.max(1, place.width - 2 * inset);
    return shape("rect", { class: name, x: place.x + inset, y, width, height: BOTTOM - y });
  }

  /** One block: where it stood, where it is, and its number if there is room. */
  function column(block, place, y, number) {
    const group = shape("g", { class: "column" });
    const middle = place.x + place.width / 2;
    group.append(
      shape("title", {}, block.words),
      bar("hit", place, 0, MARGIN.top),
      bar("before", place, 0, y(block.before)),
      bar("now", place, Math.min(3, place.width / 5), y(block.now)),
    );
    if (block.deleted) group.append(label(middle, BOTTOM - 4, "×", "middle", "cross"));
    if (number) group.append(label(middle, BOTTOM + 15, number));
    return group;
  }

  /** Draw into an SVG element: blocks are {now, before, deleted, words}, in order.
   *
   * `widening` holds the numbers of the blocks that begin a stage; a click calls `toggle`;
   * `axisLabel` names the axis of blocks.
   */
  function draw(svg, blocks, widening, toggle, axisLabel) {
    const width = svg.parentElement.clientWidth;
    const values = blocks.flatMap((block) => [block.now, block.before]).filter(Number.isFinite);
    const top = Math.max(...values, 1e-6) * 1.06;
    const y = (value) => BOTTOM - (value / top) * (BOTTOM - MARGIN.top);
    const gap = blocks.length > 12 ? 3 : 8;
    const room = width - MARGIN.left - MARGIN.right - 2 * gap * widening.length;
    const each = room / blocks.length;
    const every = each < 20 ? 4 : 1;
    svg.replaceChildren();
    svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
    svg.setAttribute("height", HEIGHT);
    axis(svg, top, width, y);
    blocks.forEach((block, i) => {
      const stage = widening.filter((first) => first <= i + 1).length;
      const x = MARGIN.left + i * each + (2 * stage + 0.5) * gap;
      const group = column(block, { x, width: each - gap }, y, i % every ? "" : String(i + 1));
      group.addEventListener("click", () => toggle(i));
      svg.append(group);
    });
    svg.append(label(MARGIN.left + room / 2, HEIGHT - 3, axisLabel));
  }

  return { draw };
})();
