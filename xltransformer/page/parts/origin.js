// Where a number comes from: a panel with its formula in words, as in the cell and with the numbers put in, and
// with the cells that it comes from, which light up; to any of them one can go, and back.

import { keyOf, placeOf } from "./cells.js";
import { Explainer } from "./explaining.js";
import { Light } from "./lighting.js";
import { page } from "./live.js";
import { setStop, startMoving, stopOf } from "./moving.js";
import { Naming } from "./naming.js";
import {
  addDrawing,
  formulaAt,
  homeOf,
  isField,
  isMarked,
  keyOfNumber,
  numberAt,
  showElement,
  whereIs,
} from "./numbers.js";
import { OriginPanel } from "./panel.js";
import { say } from "./words.js";

/** How long one points at a number before its panel shows, and how long until it goes again, in milliseconds. */
const POINTED = 250;
const LEFT = 400;
/** How long until it is said that the engine is busy. */
const WAITING = 150;
const [SOURCES, CHOSEN, ASKED] = ["lit", "lit-now", "asked"].map((name) => new Light(name));

/** A cell whose origin is told, and what had the focus.
 * @typedef {{key: number, element: HTMLElement | null}} Stop */

/** Bring the panel to life: call it when all of the page is there. */
export function startOrigin() {
  startMoving();
  for (const cell of document.querySelectorAll("span.cell[data-at]:not([data-edit])")) setStop(cell);
  const origin = new Origin();
  document.addEventListener("pointerover", (event) => origin.point(event));
  document.addEventListener("pointermove", ({ screenX, screenY }) => (origin.at = [screenX, screenY]));
  document.addEventListener("click", (event) => origin.click(event));
  document.addEventListener("focusin", (event) => origin.focus(event));
  document.addEventListener("focusout", (event) => origin.blur(event));
  document.addEventListener("keydown", (event) => origin.press(event));
  page.onChange((keys) => origin.refresh(keys));
}

class Origin {
  constructor() {
    /** Where one has been, the cell that is told of last. @type {Stop[]} */
    this.trail = [];
    this.pinned = false;
    /** Where the pointer was last. */
    this.at = [-1, -1];
    /** Whether a number gets the focus back, which asks for nothing. */
    this.isGivingBack = false;
    this.timer = 0;
    this.asked = 0;
    /** The cell that is told of in full. @type {number | null} */
    this.toldKey = null;
    /** What the cell that is told of needs. @type {Set<number>} */
    this.needs = new Set();
    /** @type {Map<number, Promise<{code: string, cell: [number, number] | null}>>} */
    this.formulas = new Map();
    /** @type {Explainer | null} */
    this.explainer = null;
    this.panel = new OriginPanel({
      back: () => this.back(),
      close: () => this.close(true),
      go: (key) => this.go(key),
      light: (keys) => CHOSEN.show(keys),
      stay: () => clearTimeout(this.timer),
      leave: () => this.later(LEFT, () => this.leave()),
    });
  }

  /** @type {Stop | undefined} */
  get current() {
    return this.trail[this.trail.length - 1];
  }

  /** Made when it is first needed: the page is there by then. */
  explained() {
    if (!this.explainer) {
      const value = (/** @type {number} */ key) => page.value(key);
      const naming = new Naming(page.outline, (...place) => value(keyOf(...place)), say);
      for (const table of document.querySelectorAll("[data-of][data-at]")) addDrawing(naming, table);
      this.explainer = new Explainer(page.outline, naming, value, say, whereIs);
    }
    return this.explainer;
  }

  /** @param {number} wait @param {() => void} act */
  later(wait, act) {
    clearTimeout(this.timer);
    this.timer = setTimeout(act, wait);
  }

  /** @param {PointerEvent} event */
  point({ target, pointerType, buttons, screenX, screenY }) {
    const isStill = screenX === this.at[0] && screenY === this.at[1];
    this.at = [screenX, screenY];
    if (isStill) return; // the page has moved, not the pointer
    if (pointerType !== "mouse" || this.pinned || buttons) return;
    const cell = numberAt(target);
    if (this.panel.holds(target)) clearTimeout(this.timer);
    else if (cell) this.later(POINTED, () => this.show(cell));
    else if (this.current) this.later(LEFT, () => this.leave());
    else clearTimeout(this.timer);
  }

  /** @param {MouseEvent} event */
  click(event) {
    const cell = numberAt(event.target);
    if (!cell || isField(event.target) || isMarked(cell)) return;
    const stop = stopOf(cell);
    if (cell.matches("td") && stop === cell) setStop(cell);
    if (document.activeElement !== stop) stop.focus({ preventScroll: true });
    this.pin(cell);
  }

  /** @param {FocusEvent} event */
  focus({ target }) {
    const cell = numberAt(target);
    if (!cell || this.pinned || this.isGivingBack || cell.closest("#start [data-edit]")) return;
    this.later(0, () => this.show(cell));
  }

  /** @param {FocusEvent} event */
  blur({ target }) {
    if (!this.pinned && numberAt(target)) this.later(LEFT, () => this.leave());
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    const { key, altKey, target } = event;
    if (event.defaultPrevented || event.isComposing) return;
    const cell = numberAt(target);
    if (key === "Escape" && this.current) {
      this.close(this.panel.holds(document.activeElement));
    } else if (altKey && key === "ArrowLeft" && this.trail.length > 1) {
      event.preventDefault();
      this.back();
    } else if ((key === "Enter" || key === " ") && cell && target === cell) {
      event.preventDefault();
      this.pin(cell).then(() => this.panel.focus());
    }
  }

  /** Show where a number comes from as long as one points at it. @param {HTMLElement} cell */
  show(cell) {
    this.trail = [{ key: keyOfNumber(cell), element: cell }];
    return this.tell();
  }

  /** Show it until it is closed. @param {HTMLElement} cell */
  pin(cell) {
    const key = keyOfNumber(cell);
    clearTimeout(this.timer);
    if (!this.pinned) this.trail = [];
    if (this.current?.key !== key) this.trail.push({ key, element: cell });
    this.pinned = true;
    return this.tell(true);
  }

  /** Go to a cell that the number comes from, and tell of it in turn. @param {number} key */
  go(key) {
    this.pinned = true;
    const element = homeOf(key);
    this.trail.push({ key, element });
    if (element) showElement(element);
    return this.tell(true).then(() => element ?? this.panel.focus());
  }

  /** Back to the number before. */
  back() {
    if (this.trail.length < 2) return;
    this.trail.pop();
    const { element } = /** @type {Stop} */ (this.current);
    if (element) showElement(element);
    this.tell(true).then(() => element ?? this.panel.focus());
  }

  /** Nobody points at it any more. */
  leave() {
    if (!this.pinned) this.close(false);
  }

  /** @param {boolean} giveBack whether the focus goes back to the number */
  close(giveBack) {
    clearTimeout(this.timer);
    const stop = this.current;
    this.pinned = false;
    this.trail = [];
    this.toldKey = null;
    this.asked += 1;
    this.panel.hide();
    for (const light of [SOURCES, CHOSEN, ASKED]) light.clear();
    if (!giveBack || !stop?.element) return;
    this.isGivingBack = true;
    stopOf(stop.element).focus();
    this.isGivingBack = false;
  }

  /** Tell of the current cell. @param {boolean} [aloud] whether it is also said */
  async tell(aloud = false) {
    const stop = this.current;
    if (!stop) return;
    const asked = ++this.asked;
    const explainer = this.explained();
    const drawUntold = () => {
      if (asked === this.asked && this.toldKey !== stop.key) {
        this.toldKey = null;
        this.draw(explainer.untold(stop.key, say("origin_waiting")), { isBusy: true });
      }
    };
    const waiting = setTimeout(drawUntold, WAITING);
    try {
      const formula = await this.formula(stop.key);
      const needed = explainer.needed(formula.code, placeOf(stop.key)[0]);
      await page.know(needed);
      if (asked !== this.asked) return;
      this.needs = new Set([stop.key, ...needed]);
      this.toldKey = stop.key;
      this.draw(explainer.explain(stop.key, formula), { aloud });
    } catch {
      drawUntold();
    } finally {
      clearTimeout(waiting);
    }
  }

  /** @param {import("./explaining.js").Explanation} told @param {{aloud?: boolean, isBusy?: boolean}} how */
  draw(told, { aloud = false, isBusy = false }) {
    const { key, element } = /** @type {Stop} */ (this.current);
    this.panel.show(told, { pinned: this.pinned, canGoBack: this.trail.length > 1, aloud, isBusy });
    this.panel.keepClearOf(element, this.pinned);
    CHOSEN.clear();
    SOURCES.show(told.sources.flatMap((source) => source.keys));
    ASKED.show(this.explained().allKeys(key));
  }

  /** The formula of a cell, which stays as it is. @param {number} key */
  formula(key) {
    const known = this.formulas.get(key) ?? formulaAt(key, this.explained().firstInRow(key));
    this.formulas.set(key, known);
    known.catch(() => this.formulas.delete(key));
    return known;
  }

  /** Tell anew what has changed. @param {Set<number>} keys */
  refresh(keys) {
    const { current } = this;
    if (!current || ![...this.needs].some((key) => keys.has(key))) return;
    this.formulas.delete(current.key);
    this.tell();
  }
}
