// What a reader of an explorer has chosen, and the native form elements to choose with.
"use strict";

globalThis.explorerChoice = (() => {
  // An element with properties (data-… and aria-… as attributes) and children.
  function make(tag, properties = {}, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(properties)) {
      if (name.includes("-") || name === "role") element.setAttribute(name, value);
      else element[name] = value;
    }
    element.append(...children);
    return element;
  }

  // At first: what the static figure shows, as far as the data have it.
  function atFirst(data, names) {
    const shown = (source) => source.runs.filter((run) => names.includes(run.record));
    const source = data.sources.find((found) => shown(found).length) ?? data.sources[0];
    const runs = shown(source).length ? shown(source) : source.runs;
    return {
      source,
      kinds: new Set(runs.map((run) => run.kind)),
      depths: new Set(runs.map((run) => run.depth)),
      series: new Set(data.shown),
      byRank: false,
      each: true,
      cursor: null,
    };
  }

  const distinct = (runs, key) => [...new Set(runs.map((run) => run[key]))];
  const chosenRuns = ({ source, kinds, depths }) =>
    source.runs.filter((run) => kinds.has(run.kind) && depths.has(run.depth));
  const measuredIn = (source, name) => source.runs.some((run) => name in run.series);
  const hasSeeds = (source) =>
    new Set(source.runs.map((run) => `${run.kind} ${run.depth}`)).size < source.runs.length;

  // After a change of source: keep what the new one has too, else take all of it.
  function adapt(data, choice) {
    for (const [key, field] of [["kinds", "kind"], ["depths", "depth"]]) {
      const there = distinct(choice.source.runs, field);
      const kept = there.filter((value) => choice[key].has(value));
      choice[key] = new Set(kept.length ? kept : there);
    }
    const there = Object.keys(data.series).filter((name) => measuredIn(choice.source, name));
    const kept = there.filter((name) => choice.series.has(name));
    choice.series = new Set(kept.length ? kept : there.slice(0, data.several ? undefined : 1));
    choice.cursor = null;
  }

  // ---- controls: native form elements in field sets

  function fieldset(legend, ...content) {
    return make("fieldset", {}, make("legend", { textContent: legend }), ...content);
  }

  function option(type, name, text, { checked, disabled = false, change, mark = "" }) {
    const input = make("input", { type, name, checked, disabled });
    input.addEventListener("change", () => change(input.checked));
    const label = make("label", {}, input);
    const className = `explorer-swatch ${mark}`;
    if (mark) label.append(make("span", { className, "aria-hidden": "true" }));
    label.append(text);
    return label;
  }

  // A checkbox for each value that adds it to a set or takes it out.
  function checkboxes(name, values, set, text, changed, mark = () => "") {
    return values.map((value) => option("checkbox", name, text(value), {
      checked: set.has(value),
      mark: mark(value),
      change: (on) => {
        if (on) set.add(value);
        else set.delete(value);
        changed();
      },
    }));
  }

  function seriesControls(id, data, choice, changed) {
    const names = Object.keys(data.series);
    if (names.length < 2) return [];
    const there = names.filter((name) => measuredIn(choice.source, name));
    const text = (name) => data.series[name];
    if (data.several) {
      const boxes = checkboxes(`${id}-series`, there, choice.series, text, changed);
      return [fieldset(data.phrases.measure, ...boxes)];
    }
    const radios = names.map((name) => option("radio", `${id}-series`, text(name), {
      checked: choice.series.has(name),
      disabled: !there.includes(name),
      change: () => {
        choice.series = new Set([name]);
        changed();
      },
    }));
    return [fieldset(data.phrases.state, ...radios)];
  }

  function orderControls(id, data, choice, changed) {
    if (!data.sortable) return [];
    const { phrases } = data;
    const orders = [[phrases.original, false], [phrases.sorted, true]];
    const radios = orders.map(([text, byRank]) => option("radio", `${id}-order`, text, {
      checked: choice.byRank === byRank,
      change: () => {
        choice.byRank = byRank;
        changed();
      },
    }));
    return [fieldset(phrases.order, ...radios)];
  }

  function seedControls(id, { phrases }, choice, changed) {
    if (!hasSeeds(choice.source)) return [];
    const each = option("checkbox", `${id}-each`, phrases.each, {
      checked: choice.each,
      change: (on) => {
        choice.each = on;
        changed();
      },
    });
    return [fieldset(phrases.beside, each)];
  }

  function controls(id, data, choice, changed) {
    const { runs } = choice.source;
    const { phrases } = data;
    const wording = (kind) => phrases[kind];
    const kinds = distinct(runs, "kind").sort();
    const depths = distinct(runs, "depth").sort((a, b) => a - b);
    const swatch = (kind) => `explorer-${kind}`;
    const named = checkboxes(`${id}-kind`, kinds, choice.kinds, wording, changed, swatch);
    return [
      fieldset(phrases.networks, ...named),
      fieldset(phrases.depth, ...checkboxes(`${id}-depth`, depths, choice.depths, String, changed)),
      ...seriesControls(id, data, choice, changed),
      ...orderControls(id, data, choice, changed),
      ...seedControls(id, data, choice, changed),
    ];
  }

  function sourceControl(id, data, choice, changed) {
    const select = make("select", { name: `${id}-source` });
    for (const group of distinct(data.sources, "group")) {
      const members = data.sources.filter((source) => source.group === group);
      const options = members.map((s) => make("option", { value: s.id, textContent: s.name }));
      select.append(make("optgroup", { label: group }, ...options));
    }
    select.value = choice.source.id;
    select.addEventListener("change", () => {
      choice.source = data.sources.find((source) => source.id === select.value);
      changed();
    });
    const label = make("label", { className: "explorer-source" }, data.phrases.runs, select);
    return data.sources.length > 1 ? [label] : [];
  }

  return { adapt, atFirst, chosenRuns, controls, make, sourceControl };
})();
