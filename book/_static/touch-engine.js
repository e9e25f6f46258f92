// Runs the book's networks in the browser: ONNX Runtime Web in WebAssembly, on one thread.
// Everything arrives as scripts, since a page opened from disk may not fetch files. A script puts
// texts (gzip, then base64) into touchParts; nothing is asked of another host.
"use strict";

globalThis.touchParts = {};

globalThis.touchEngine = (() => {
  /** Load a script of the site once. */
  function load(address) {
    return new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = address;
      script.onload = () => resolve();
      script.onerror = () => reject(new Error(`${address} could not be loaded.`));
      document.head.append(script);
    });
  }

  /** The bytes that a script has put under a name; they are handed out once. */
  async function part(name) {
    const packed = Uint8Array.from(atob(touchParts[name]), (c) => c.charCodeAt(0));
    delete touchParts[name];
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).arrayBuffer();
  }

  /** Load the runtime and the images, as a network takes them; `about` is the page's JSON. */
  async function start({ base, loader, shape }) {
    await Promise.all([loader, "runtime.js", "images.js"].map((file) => load(base + file)));
    const module = new Blob([await part("mjs")], { type: "text/javascript" });
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.proxy = false;
    ort.env.wasm.wasmPaths = { mjs: URL.createObjectURL(module) };
    ort.env.wasm.wasmBinary = await part("wasm");
    return new ort.Tensor("float32", new Float32Array(await part("images")), shape);
  }

  /** A network by name, ready to run. */
  async function open({ base }, name) {
    await load(`${base}${name}.js`);
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

  return { start, open, run, predictions };
})();
