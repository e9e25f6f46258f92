// The lines of the explorers' charts, from the records that a reader has chosen. Needs d3.
"use strict";

globalThis.explorerLines = (() => {
  const NAMES = { plain: "plain", residual: "ResNet" };
  const network = (kind, depth) => `${NAMES[kind]}-${depth}`;

  // A phrase of the page with its braces filled.
  const fill = (phrase, values) => phrase.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // The points of one run: x, y, the layer's name, and the runs behind the value.
  function pointsOf(data, run, series) {
    const [axis, values] = run.series[series];
    const { x, names } = data.axes[axis];
    const about = (i) => ({ x: x[i], place: x[i], layer: names?.[i], series, runs: [run] });
    return values.map((y, i) => ({ y, ...about(i) })).filter((point) => point.y !== null);
  }

  // The points of the mean over runs: with the lowest and the highest run.
  function meanOf(lines) {
    const groups = d3.group(lines.flatMap((line) => line.points), (point) => point.place);
    return Array.from(groups.values(), (points) => ({
      ...points[0],
      y: d3.mean(points, (point) => point.y),
      low: d3.min(points, (point) => point.y),
      high: d3.max(points, (point) => point.y),
      runs: points.flatMap((point) => point.runs),
    })).sort((a, b) => a.place - b.place);
  }

  // The same points from the largest value to the smallest.
  function ranked(points) {
    const sorted = points.slice().sort((a, b) => b.y - a.y || a.place - b.place);
    return sorted.map((point, i) => ({ ...point, x: i + 1, rank: i + 1 }));
  }

  // One line a network (or a kind, where a run is one point), each with its runs' own lines.
  function linesOf(data, runs, series, byRank) {
    const order = byRank ? ranked : (points) => points;
    const drawn = runs.filter((run) => run.series[series]);
    const groups = d3.group(drawn, (run) => (data.dots ? run.kind : network(run.kind, run.depth)));
    const depths = Array.from(new Set(runs.map((run) => run.depth))).sort(d3.ascending);
    return Array.from(groups, ([name, members]) => {
      const each = members.map((run) => ({ points: pointsOf(data, run, series) }));
      const { kind, depth } = members[0];
      const rank = data.dots || depths.length < 2 ? 1 : depths.indexOf(depth) / (depths.length - 1);
      const label = data.dots ? NAMES[kind] : name;
      const alone = each.map((line) => ({ points: order(line.points) }));
      return { label, kind, rank, each: alone, points: order(meanOf(each)) };
    }).filter((line) => line.points.length);
  }

  return { NAMES, fill, linesOf, network };
})();
