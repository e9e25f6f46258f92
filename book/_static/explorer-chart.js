// Drawings of the explorers: from records and the reader's choices to one chart a series.
// Plain nets are dashed and orange, residual nets solid and blue, deeper nets bolder; every line
// carries its name. Needs d3 and Plot.
"use strict";

globalThis.explorerChart = (() => {
  const { NAMES, fill, linesOf, network } = globalThis.explorerLines;
  const DASHES = { plain: "7 3", residual: "none" };
  const PALEST = 25; // per cent of paper in the colour of the shallowest net
  const LEFT = 44; // px, for the numbers of the axis
  const RIGHT = 84; // px, for names
  const NAME_GAP = 0.06; // of the height: names that stand closer are moved apart
  const NAME_WIDTH = 80; // px: names that end farther apart do not collide

  const figures = d3.format(".4~r");
  const whole = d3.format(",");

  function styleOf({ kind, rank }) {
    const pale = Math.round(PALEST * (1 - rank));
    const colour = `var(--explorer-${kind})`;
    return {
      stroke: pale ? `color-mix(in srgb, ${colour}, var(--explorer-paper) ${pale}%)` : colour,
      strokeDasharray: DASHES[kind],
      strokeWidth: 1.5 + 1.2 * rank,
    };
  }

  // A series' name: what is measured, and in which state of the network.
  function title(data, series) {
    return data.quantity ? `${data.quantity}, ${data.series[series]}` : data.series[series];
  }

  // What a point says: which network and seed, at which place, which value and range.
  function words(data, point) {
    const { kind, depth, seed } = point.runs[0];
    const { phrases } = data;
    const count = point.runs.length;
    const alone = seed === null ? [] : [fill(phrases.seed, { seed })];
    const layer = point.layer ? ` (${point.layer})` : "";
    const rank = point.rank ? `, ${fill(phrases.rank, point)}` : "";
    const ends = { low: figures(point.low), high: figures(point.high) };
    const range = fill(phrases.range, ends);
    return {
      who: [network(kind, depth), ...(count > 1 ? [fill(phrases.mean, { count })] : alone)],
      where: data.dots ? [] : [`${data.x} ${whole(point.place)}${layer}${rank}`],
      what: [`${figures(point.y)} ${data.unit}`.trim(), ...(count > 1 ? [range] : [])],
    };
  }

  // The lines whose points can be pointed at: the runs' own, or the means.
  const readable = (lines, each) => (each ? lines.flatMap((line) => line.each) : lines);

  // The ends of both axes over all charts of an explorer, so that they can be compared.
  function domains(data, charts) {
    const all = charts.flat().flatMap((line) => [line, ...line.each]);
    const points = all.flatMap((line) => line.points);
    const [low, high] = d3.extent(points, (point) => point.y);
    const [first, last] = d3.extent(points, (point) => point.x);
    const [bottom, top] = data.limits;
    const room = 0.04 * (high - low || Math.abs(high) || 1);
    const lonely = first === last ? 1 : 0;
    const start = data.from_zero ? 0 : first;
    return {
      x: [start - lonely, last + lonely],
      y: [bottom ?? Math.min(0, low - room), top ?? high + room],
    };
  }

  // Where names stand: beside the last points, moved up where two would collide.
  function names(lines, { x, y }, width) {
    const share = (value, [start, end]) => (value - start) / (end - start);
    const placed = [];
    const ends = lines.map((line) => ({ line, last: line.points.at(-1) }));
    for (const { line, last } of ends.sort((a, b) => a.last.y - b.last.y)) {
      const across = share(last.x, x);
      let up = share(last.y, y);
      const beside = placed.filter((other) => Math.abs(other.across - across) * width < NAME_WIDTH);
      up = Math.max(up, ...beside.map((other) => other.up + NAME_GAP));
      placed.push({ across, up, line, x: last.x, y: y[0] + up * (y[1] - y[0]) });
    }
    return placed;
  }

  function lineMarks(line, each, dots) {
    const style = styleOf(line);
    const thin = { x: "x", y: "y", ...style, strokeWidth: 0.9, strokeOpacity: 0.4 };
    const several = line.each.length > 1;
    const own = !each || !several ? [] : line.each.filter((one) => one.points.length);
    const at = { x: "x", y: "y" };
    const spot = { ...at, r: 3.2, fill: style.stroke, fillOpacity: 0.55 };
    const seeds = dots ? (one) => Plot.dot(one.points, spot) : (one) => Plot.line(one.points, thin);
    const band = { x: "x", y1: "low", y2: "high", fill: style.stroke, fillOpacity: 0.13 };
    const single = dots || line.points.length === 1;
    return [
      several && !each ? Plot.areaY(line.points, band) : null,
      ...own.map(seeds),
      Plot.line(line.points, { ...at, ...style }),
      single ? Plot.dot(line.points, { ...at, r: 2.2, fill: style.stroke }) : null,
    ];
  }

  function nameMark(lines, domain, width) {
    return Plot.text(names(lines, domain, width), {
      x: "x",
      y: "y",
      text: (name) => name.line.label,
      fill: (name) => `var(--explorer-${name.line.kind})`,
      stroke: "var(--explorer-paper)",
      strokeWidth: 6,
      fontWeight: 600,
      textAnchor: "start",
      dx: 6,
    });
  }

  function tipMarks(data, points, follow) {
    const at = { x: "x", y: "y" };
    const near = (more) => Plot.pointer({ ...at, maxRadius: 60, ...more });
    const options = follow ? near : (more) => ({ ...at, ...more });
    const told = (point) => Object.values(words(data, point)).flat().join("\n");
    return [
      Plot.dot(points, options({ r: 4.5, stroke: "currentColor", strokeWidth: 2 })),
      Plot.tip(points, options({ title: told, fontSize: 13, lineHeight: 1.25, textPadding: 9 })),
    ];
  }

  // One chart; `cursor` is a point chosen by key, which then has the tip instead of the pointer's.
  function chart(data, lines, { domain, each, byRank, cursor, width, height }) {
    const candidates = readable(lines, each).flatMap((line) => line.points);
    const places = data.dots ? Array.from(new Set(candidates.map((point) => point.x))) : undefined;
    const integers = (value) => (Number.isInteger(value) ? whole(value) : "");
    const order = byRank ? data.phrases.by_rank : data.phrases.in_order;
    return Plot.plot({
      width,
      height,
      marginLeft: LEFT,
      marginRight: RIGHT,
      marginTop: 26,
      marginBottom: 40,
      style: { fontSize: "12px", overflow: "visible" },
      x: {
        domain: domain.x,
        label: data.sortable ? fill(order, data) : data.x,
        labelArrow: "none",
        ticks: places ?? (width < 420 ? 4 : 8),
        tickFormat: integers,
      },
      y: {
        domain: domain.y,
        label: data.y === data.quantity ? null : data.y, // the title says it
        labelArrow: "none",
        grid: true,
        ticks: 5,
      },
      marks: [
        Plot.ruleY([0], { strokeOpacity: 0.5 }),
        ...lines.flatMap((line) => lineMarks(line, each, data.dots)),
        nameMark(lines, domain, width - LEFT - RIGHT),
        ...(cursor ? tipMarks(data, [cursor], false) : tipMarks(data, candidates, true)),
      ],
    });
  }

  return { NAMES, chart, domains, fill, linesOf, readable, title, words };
})();
