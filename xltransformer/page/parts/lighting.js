// Cells that light up, wherever they are shown.

import { elementsAt } from "./drawings.js";

export class Light {
  /** @param {string} name the class of what is lit */
  constructor(name) {
    this.name = name;
    /** @type {Set<Element>} */
    this.lit = new Set();
  }

  /** Light these cells and no others. @param {Iterable<number>} keys */
  show(keys) {
    /** @type {Set<Element>} */
    const next = new Set();
    for (const key of keys) for (const element of elementsAt(key)) next.add(element);
    for (const element of this.lit) if (!next.has(element)) element.classList.remove(this.name);
    for (const element of next) element.classList.add(this.name);
    this.lit = next;
  }

  clear() {
    this.show([]);
  }
}
