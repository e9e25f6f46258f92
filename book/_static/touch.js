// The identity page: the reader scales every block's layers, or deletes blocks, and sees a trained
// network answer. touch-engine.js loads and computes, touch-view.js draws.
"use strict";

(() => {
  const QUIET = 700; // ms without a new result before it is read aloud
  const TOGETHER = 30; // ms in which several changes become one computation

  const { percent } = touchView;
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

  /** The page's part of one `.touch` element. */
  class Touch {
    constructor(root) {
      this.root = root;
      this.about = JSON.parse(root.querySelector("script").textContent);
      Object.assign(this, { opened: {}, alpha: 1, deleted: new Set() });
      this.toggle = this.toggle.bind(this);
      this.offer();
    }

    /** The element of the page that this selector finds first. */
    part(selector) {
      return this.root.querySelector(selector);
    }

    say(text) {
      this.part(".touch-message").textContent = text;
      this.part(".touch-message").hidden = !text;
    }

    fail(error) {
      console.warn(error);
      this.part(".touch-app").hidden = true;
      this.say(`The network could not be run in this browser: ${error.message}`);
    }

    /** Start when the place comes into view, or by the button if the reader saves data. */
    offer() {
      const { runtime, bytes, networks } = this.about;
      this.size = megabytes(bytes + networks[0].bytes);
      this.say(`${runtime}, a network and the images are to be loaded: ${this.size}.`);
      const button = this.part(".touch-start");
      const seen = new IntersectionObserver((places) => {
        if (places.some((place) => place.isIntersecting)) button.click();
      });
      button.onclick = () => {
        seen.disconnect();
        button.remove();
        this.start().catch((error) => this.fail(error));
      };
      button.hidden = false;
      if (!navigator.connection?.saveData) seen.observe(this.root);
    }

    async start() {
      this.say(`Loading ${this.size} …`);
      this.input = await touchEngine.start(this.about);
      this.wanted = this.about.networks[0].name;
      await this.choose(this.wanted);
      this.bind();
      this.part(".touch-app").hidden = false;
      this.say("");
      this.show(this.network.before);
      this.root.dataset.ready = "";
    }

    /** What each control does. */
    bind() {
      this.part("#touch-network").onchange = (event) => this.change(event.target.value);
      this.part("#touch-alpha").oninput = (event) => this.set(event.target.value);
      this.part(".touch-reset").onclick = () => this.reset();
      this.part("#touch-measure").onchange = () => this.draw();
      this.presets = [...this.root.querySelectorAll(".touch-presets [value]")];
      this.presets.forEach((button) => (button.onclick = () => this.set(button.value)));
    }

    /** Switch to a network with all its blocks, and learn how it answers untouched. */
    async choose(name) {
      const about = this.about.networks.find((network) => network.name === name);
      if (!this.opened[name]) {
        const session = await touchEngine.open(this.about, name);
        const before = await touchEngine.run(session, this.input, Array(about.blocks).fill(1));
        this.opened[name] = { about, session, before };
      }
      this.network = this.opened[name];
      this.deleted.clear();
      touchView.chips(this.part(".touch-chips"), about, this.toggle);
    }

    /** The factor of each block. */
    factors() {
      const { blocks } = this.network.about;
      return Array.from({ length: blocks }, (_, i) => (this.deleted.has(i) ? 0 : this.alpha));
    }

    set(alpha) {
      this.alpha = Number(alpha);
      this.update();
    }

    toggle(block) {
      if (!this.deleted.delete(block)) this.deleted.add(block);
      this.update();
    }

    reset() {
      this.deleted.clear();
      this.set(1);
    }

    change(name) {
      this.wanted = name;
      this.update();
    }

    /** Compute with the newest setting; while a run lasts, only the last request waits. */
    async update() {
      this.controls();
      this.pending = true;
      if (this.busy) return;
      this.busy = true;
      try {
        while (this.pending) {
          await new Promise((resolve) => setTimeout(resolve, TOGETHER));
          this.pending = false;
          await this.turn();
          this.show(await touchEngine.run(this.network.session, this.input, this.factors()));
        }
      } catch (error) {
        this.fail(error);
      }
      this.busy = false;
    }

    /** Go over to the network that the reader has chosen, if it is another one. */
    async turn() {
      if (this.wanted === this.network.about.name) return;
      const { bytes } = this.about.networks.find(({ name }) => name === this.wanted);
      this.say(`Loading ${megabytes(bytes)} …`);
      await this.choose(this.wanted);
      this.say("");
    }

    /** The controls as the reader has set them. */
    controls() {
      this.part("#touch-alpha").value = this.alpha;
      this.part("output").textContent = this.alpha.toFixed(2);
      const chips = [...this.part(".touch-chips").children];
      this.presets.forEach((b) => (b.ariaPressed = Number(b.value) === this.alpha));
      chips.forEach((b, i) => (b.ariaPressed = this.deleted.has(i)));
    }

    /** Show what the network answered. */
    show(now) {
      const { before } = this.network;
      const { labels, names } = this.about;
      const kept = touchEngine.predictions(before.logits, names.length);
      const answers = touchEngine.predictions(now.logits, names.length).map((answer, n) => ({
        ...answer,
        right: answer.label === labels[n],
        changed: answer.label !== kept[n].label,
      }));
      this.now = now;
      this.controls();
      this.draw();
      touchView.answers(this.part(".touch-tiles"), answers, names);
      touchView.table(this.part("tbody"), this.factors(), now, before);
      const text = this.words(answers);
      this.part(".touch-summary").textContent = text;
      clearTimeout(this.reading);
      this.reading = setTimeout(() => {
        this.part(".touch-live").textContent = text;
      }, QUIET);
    }

    /** The bars of the measure that the reader has chosen. */
    draw() {
      const { value, selectedOptions } = this.part("#touch-measure");
      const { about, before } = this.network;
      const measured = { now: this.now[value], before: before[value] };
      const setting = { deleted: this.deleted, widening: about.widening };
      const chart = { ...measured, ...setting, measure: selectedOptions[0].text };
      touchView.bars(this.part(".touch-plot"), chart, this.toggle);
    }

    /** The whole in one sentence. */
    words(answers) {
      const count = answers.length;
      const right = answers.filter((answer) => answer.right).length;
      const changed = answers.filter((answer) => answer.changed).length;
      const sure = answers.reduce((sum, answer) => sum + answer.confidence, 0) / count;
      const gone = [...this.deleted].sort((a, b) => a - b).map((block) => block + 1);
      const without = gone.length ? `, without block ${gone.join(", ")}` : "";
      return (
        `${this.network.about.label}, α = ${this.alpha.toFixed(2)}${without}: ${right} of these ` +
        `${count} images right (${percent(right / count)}), ${changed} answered otherwise than ` +
        `at α = 1, mean confidence ${percent(sure)}.`
      );
    }
  }

  document.querySelectorAll(".touch").forEach((root) => {
    root.touch = new Touch(root); // for whoever looks at it from the console
  });
})();
