// The identity page: the reader scales every block's layers, or deletes blocks, and sees a trained
// network answer. touch-engine.js loads and computes, touch-view.js and touch-chart.js show.
"use strict";

(() => {
  const QUIET = 700; // ms without a new result before it is read aloud
  const TOGETHER = 30; // ms in which several changes become one computation

  const { View } = touchView;
  const { button, make, percent } = touchElements;
  const { fill } = touchEngine;
  const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;

  /** The page's part of one `.touch` element. */
  class Touch {
    constructor(root) {
      this.root = root;
      this.about = JSON.parse(root.querySelector("script").textContent);
      this.phrases = this.about.phrases;
      this.size = megabytes(this.about.bytes + this.about.networks[0].bytes);
      Object.assign(this, { opened: {}, alpha: 1, deleted: new Set() });
      this.message = make("p", { class: "touch-message" });
      root.append(this.message);
      const lacking = touchEngine.missing();
      if (lacking) this.say(`${this.phrases[lacking]} ${this.phrases.not_here}`);
      else this.offer();
    }

    say(text) {
      this.message.textContent = text;
      this.message.hidden = !text;
    }

    fail(error) {
      console.warn(error);
      this.view?.node.remove();
      const reason = error.file ? fill(this.phrases.not_loaded, error) : error.message;
      this.say(`${this.phrases.failed} ${reason}`);
    }

    /** Start when the place comes into view, or by the button if the reader saves data. */
    offer() {
      const { about, size, phrases } = this;
      this.say(fill(phrases.offer, { runtime: about.runtime, size }));
      const start = () => {
        seen.disconnect();
        begin.remove();
        this.start().catch((error) => this.fail(error));
      };
      const begin = button(phrases.start, start);
      const seen = new IntersectionObserver((places) => {
        if (places.some((place) => place.isIntersecting)) start();
      });
      this.root.append(begin);
      if (!navigator.connection?.saveData) seen.observe(this.root);
    }

    async start() {
      this.say(fill(this.phrases.loading, { size: this.size }));
      const images = await touchEngine.start(this.about);
      this.input = touchEngine.normalise(images);
      this.wanted = this.about.networks[0].name;
      await this.choose(this.wanted);
      this.view = new View(this.about, images, {
        alpha: (value) => this.set(value),
        toggle: (block) => this.toggle(block),
        reset: () => this.reset(),
        network: (name) => this.change(name),
      });
      this.view.offer(this.network.about);
      this.root.append(this.view.node);
      this.say("");
      this.show(this.factors(), this.network.before);
      this.root.dataset.ready = "";
    }

    /** Switch to a network with all its blocks, and learn how it answers untouched. */
    async choose(name) {
      const about = this.about.networks.find((network) => network.name === name);
      if (!this.opened[name]) {
        const session = await touchEngine.open(name);
        const before = await touchEngine.run(session, this.input, Array(about.blocks).fill(1));
        this.opened[name] = { about, session, before };
      }
      this.network = this.opened[name];
      this.deleted.clear();
    }

    /** The factor of each block. */
    factors() {
      const { blocks } = this.network.about;
      return Array.from({ length: blocks }, (_, i) => (this.deleted.has(i) ? 0 : this.alpha));
    }

    set(alpha) {
      this.alpha = alpha;
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
      this.view.set(this.alpha, this.deleted);
      this.pending = true;
      if (this.busy) return;
      this.busy = true;
      try {
        while (this.pending) {
          await new Promise((resolve) => setTimeout(resolve, TOGETHER));
          this.pending = false;
          await this.turn();
          const factors = this.factors();
          this.show(factors, await touchEngine.run(this.network.session, this.input, factors));
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
      this.say(fill(this.phrases.loading, { size: megabytes(bytes) }));
      await this.choose(this.wanted);
      this.view.offer(this.network.about);
      this.say("");
    }

    /** Show what the network answered with these factors. */
    show(factors, now) {
      const { about, before } = this.network;
      const { labels, names } = this.about.images;
      const kept = touchEngine.predictions(before.logits, names.length);
      const answers = touchEngine.predictions(now.logits, names.length).map((answer, n) => ({
        ...answer,
        right: answer.label === labels[n],
        changed: answer.label !== kept[n].label,
      }));
      const text = this.words(answers);
      const deleted = new Set(this.deleted);
      this.found = now;
      this.view.set(this.alpha, this.deleted);
      this.view.show({ about, factors, deleted, now, before, answers, text });
      clearTimeout(this.reading);
      this.reading = setTimeout(() => {
        this.view.live.textContent = text;
      }, QUIET);
    }

    /** The whole in one sentence. */
    words(answers) {
      const count = answers.length;
      const right = answers.filter((answer) => answer.right).length;
      const changed = answers.filter((answer) => answer.changed).length;
      const sure = answers.reduce((sum, answer) => sum + answer.confidence, 0) / count;
      const gone = [...this.deleted].sort((a, b) => a - b).map((block) => block + 1);
      const { phrases, network } = this;
      const set = { network: network.about.label, alpha: this.alpha.toFixed(2) };
      const setting = fill(gone.length ? phrases.without : phrases.setting, {
        ...set,
        blocks: gone.join(", "),
      });
      const told = { setting, right, count, changed, sure: percent(sure) };
      return fill(phrases.result, { ...told, share: percent(right / count) });
    }
  }

  document.querySelectorAll(".touch").forEach((root) => {
    root.touch = new Touch(root); // for whoever looks at it from the console
  });
})();
