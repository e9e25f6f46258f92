// Elements of the identity page: buttons, lists to choose from, images in large pixels.
"use strict";

globalThis.touchElements = (() => {
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

  return { button, choice, make, percent, picture, short };
})();
