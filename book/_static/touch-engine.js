// Runs the book's networks in the browser: ONNX Runtime Web in WebAssembly, on one thread.
// Everything arrives as scripts, since a page opened from disk may not fetch files. A script puts
// texts (gzip, then base64) into touchParts; nothing is asked of another host.
"use strict";

globalThis.touchParts = {};

globalThis.touchEngine = (() => {
  let base = "";

  /** The name of the phrase for what this browser lacks; undefined if it has everything. */
  function missing() {
    const needed = { WebAssembly: "no_wasm", DecompressionStream: "no_unpacking" };
    return needed[Object.keys(needed).find((key) => typeof globalThis[key] === "undefined")];
  }

  /** A phrase of the page with its braces filled. */
  function fill(phrase, values) {
    return phrase.replace(/\{(\w+)\}/g, (_, name) => values[name]);
  }

  /** Load a script of the site once; an error says which file did not come. */
  function load(file) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = base + file;
      script.onload = () => resolve();
      script.onerror = () => reject(Object.assign(new Error(file), { file }));
      document.head.append(script);
    });
  }

  /** The bytes that a script has put under a name; they are handed out once. */
  async function part(name) {
    const packed = Uint8Array.from(atob(touchParts[name]), (c) => c.charCodeAt(0));
    delete touchParts[name];
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
  }

  /** Load the runtime and the images; `about` is the page's JSON. */
  async function start(about) {
    base = about.base;
    await Promise.all([load(about.loader), load("runtime.js"), load("images.js")]);
    const module = new Blob([await part("mjs")], { type: "text/javascript" });
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
    ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(module) };
    ort.env.wasm.wasmBinary = (await part("wasm")).buffer;
    const mean = new Float32Array((await part("mean")).buffer);
    return { pixels: await part("pixels"), mean, shape: about.images.shape };
  }

  /** Images (N, H, W, C) in bytes as the network's input (N, C, H, W), the mean subtracted. */
  function normalise({ pixels, mean, shape }) {
    const [count, height, width, channels] = shape;
    const size = height * width;
    const values = new Float32Array(pixels.length);
    for (let i = 0; i < pixels.length; i += 1) {
      const channel = i % channels;
      const position = Math.floor(i / channels) % size;
      const image = Math.floor(i / (channels * size));
      const target = (image * channels + channel) * size + position;
      values[target] = Math.fround(pixels[i] / 255) - mean[position * channels + channel];
    }
    return new ort.Tensor("float32", values, [count, channels, height, width]);
  }

  /** A network by name, ready to run. */
  async function open(name) {
    await load(`${name}.js`);
    return ort.InferenceSession.create(await part(name), { executionProviders: ["wasm"] });
  }

  /** What the network answers with a factor for each block: plain arrays by output name. */
  async function run(session, images, alpha) {
    const factors = new ort.Tensor("float32", Float32Array.from(alpha), [alpha.length]);
    const found = await session.run({ images, alpha: factors });
    return Object.fromEntries(Object.entries(found).map(([key, t]) => [key, Array.from(t.data)]));
  }

  /** Class and probability of the strongest logit of each image. */
  function predictions(logits, classes) {
    const answers = [];
    for (let i = 0; i < logits.length; i += classes) {
      const row = logits.slice(i, i + classes);
      const top = Math.max(...row);
      const sum = row.reduce((total, value) => total + Math.exp(value - top), 0);
      answers.push({ label: row.indexOf(top), confidence: 1 / sum });
    }
    return answers;
  }

  return { missing, fill, start, normalise, open, run, predictions };
})();
