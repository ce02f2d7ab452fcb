// The panel that tells where a number comes from: what stands in it, never which number it is.

import { say } from "./words.js";

/** @typedef {import("./explaining.js").Explanation} Explanation */
/** @typedef {import("./explaining.js").Source} Source */
/**
 * What the panel's buttons do.
 * @typedef {{back: () => void, close: () => void, go: (key: number) => void, light: (keys: number[]) => void,
 *   stay: () => void, leave: () => void}} Doings
 */

export class OriginPanel {
  /** @param {Doings} doings */
  constructor(doings) {
    this.doings = doings;
    this.title = made("h2", { id: "origin-title", tabIndex: -1 });
    this.value = made("p", { className: "origin-value" });
    this.place = made("p", { className: "origin-place" });
    this.words = made("p", { className: "origin-words" });
    this.numbers = made("p", { className: "origin-numbers" });
    this.code = made("code");
    this.told = made("p", { className: "origin-told" });
    this.list = made("ul", { className: "origin-sources" });
    this.hint = made("p", { className: "origin-hint" });
    this.backButton = made("button", { type: "button" }, say("origin_back"));
    this.closeButton = made("button", { type: "button" }, say("origin_close"));
    this.aloud = made("p", { className: "unseen", role: "status" });
    this.sources = made("div", { className: "origin-from" }, made("h3", {}, say("origin_from")), this.list);
    this.codeLine = made("p", { className: "origin-code" }, this.code);
    this.element = this.assembled();
    document.body.append(this.element, this.aloud);
    this.listen();
  }

  assembled() {
    const tools = made("div", { className: "origin-tools" }, this.backButton, this.closeButton);
    const head = made("div", { className: "origin-head" }, made("div", {}, this.title, this.value), tools);
    const text = made(
      "div",
      { className: "origin-text" },
      this.words,
      this.numbers,
      this.told,
      this.codeLine,
      this.place,
    );
    const body = made("div", { className: "origin-body" }, text, this.sources);
    const element = made("aside", { id: "origin", className: "origin", hidden: true }, head, body, this.hint);
    element.setAttribute("aria-labelledby", this.title.id);
    return element;
  }

  listen() {
    const { doings, element } = this;
    this.backButton.addEventListener("click", () => doings.back());
    this.closeButton.addEventListener("click", () => doings.close());
    element.addEventListener("pointerenter", () => doings.stay());
    element.addEventListener("pointerleave", () => doings.leave());
    element.addEventListener("focusin", () => doings.stay());
  }

  /** @param {EventTarget | null} target */
  holds(target) {
    return target instanceof Node && this.element.contains(target);
  }

  focus() {
    this.title.focus();
  }

  hide() {
    const root = document.documentElement;
    this.element.hidden = true;
    this.aloud.textContent = "";
    root.classList.remove("origin-open", "origin-pinned");
  }

  /** @param {Explanation} told
   * @param {{pinned: boolean, canGoBack: boolean, aloud: boolean, isBusy: boolean}} how */
  show(told, { pinned, canGoBack, aloud, isBusy }) {
    const root = document.documentElement;
    const equals = told.words && `${told.title} = ${told.words}`;
    this.title.textContent = told.title;
    this.value.textContent = told.value;
    fill(this.words, equals);
    fill(this.numbers, told.numbers);
    fill(this.told, told.told);
    this.code.textContent = told.code;
    this.codeLine.hidden = told.code === "";
    this.place.textContent = say("origin_place_of", { address: told.address, sheet: told.sheet });
    this.sources.hidden = told.sources.length === 0;
    this.fillSources(told.sources, told.sheet);
    fill(this.hint, pinned ? "" : say("origin_hint"));
    this.backButton.hidden = !canGoBack;
    this.element.classList.toggle("pinned", pinned);
    this.element.setAttribute("aria-busy", String(isBusy));
    this.element.hidden = false;
    root.style.setProperty("--origin-height", `${this.element.offsetHeight}px`);
    root.classList.add("origin-open");
    root.classList.toggle("origin-pinned", pinned);
    if (aloud) this.aloud.textContent = [told.title, told.value, told.words, told.told].filter(Boolean).join(". ");
  }

  /** Cover no number that is told of: what is pointed at stays where it is, and what was chosen moves out of the way.
   * @param {HTMLElement | null} number @param {boolean} pinned */
  keepClearOf(number, pinned) {
    this.element.classList.remove("above");
    if (!number) return;
    const { bottom } = number.getBoundingClientRect();
    if (bottom <= innerHeight - this.element.offsetHeight || bottom > innerHeight) return;
    if (pinned) number.scrollIntoView({ behavior: "instant", block: "nearest", inline: "nearest" });
    else this.element.classList.add("above");
  }

  /** Buttons that are there already stay, so that none loses the focus. @param {Source[]} sources
   * @param {string} own the sheet of the formula */
  fillSources(sources, own) {
    while (this.list.children.length > sources.length) this.list.lastElementChild?.remove();
    sources.forEach((source, k) => {
      const item = this.list.children[k] ?? this.list.appendChild(this.sourceItem());
      const button = /** @type {HTMLButtonElement & {source: Source}} */ (item.firstElementChild);
      const where = source.sheet === own || source.label.includes(source.sheet) ? "" : source.sheet;
      button.source = source;
      for (const [at, text] of [source.label, source.value, where].entries())
        button.children[at].textContent = text;
      button.title = say("origin_go", { label: source.label });
    });
  }

  sourceItem() {
    const button = made("button", { type: "button" }, made("span"), made("b"), made("small"));
    const source = () => /** @type {any} */ (button).source;
    const { doings } = this;
    button.addEventListener("click", () => doings.go(source().key));
    for (const name of ["pointerenter", "focus"]) button.addEventListener(name, () => doings.light(source().keys));
    for (const name of ["pointerleave", "blur"]) button.addEventListener(name, () => doings.light([]));
    return made("li", {}, button);
  }
}

/** @param {HTMLElement} element @param {string} text */
function fill(element, text) {
  element.textContent = text;
  element.hidden = text === "";
}

/** An element with properties and children. @template {keyof HTMLElementTagNameMap} Name @param {Name} name
 * @param {Object<string, any>} [properties] @param {(Node | string)[]} inside
 * @returns {HTMLElementTagNameMap[Name]} */
function made(name, properties = {}, ...inside) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...inside);
  return element;
}
