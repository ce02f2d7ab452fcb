/**
 * Fields: cells that are edited in place. What is typed is handed on when it is finished (Enter, or leaving the
 * field), or after a pause; what is not usable is told beside the field.
 *
 * @typedef {{texts: string[], counts: Map<string, number>, datalist: HTMLDataListElement, users: Set<Field>}} List
 */

import { asShown, inFull } from "./cells.js";
import { numberWritten, takenForNumber, takenForText, whyUnusable, wordKey } from "./rules.js";
import { say } from "./words.js";

/** How long typing rests before what is typed counts, in milliseconds: where it is usable, and where not yet. */
const PAUSE = 250;
const LONG_PAUSE = 1200;

/**
 * Every list of texts to choose from, by the block that holds them, or by the texts themselves.
 * @type {Map<string, List>}
 */
const lists = new Map();
/** @type {WeakMap<Element, Field>} */
const fields = new WeakMap();
let toldCount = 0;
let locked = false;

/**
 * A cell to edit on the page. Its `entry` is where its value lies: the block, and its row and column from 0.
 */
export class Field {
  /**
   * @param {HTMLElement} cell  the element that shows it
   * @param {{block: string, row: number, column: number}} entry
   * @param {Object} info  what the outline says of the block
   * @param {Format} format
   */
  constructor(cell, entry, info, format) {
    this.cell = cell;
    this.entry = entry;
    this.info = info;
    this.format = format;
    this.rule = info.rule ?? { kind: "number" };
    this.isText = info.text;
    this.list = listOf(info.choices);
    this.told = null;
    /** @type {Value} */
    this.value = null;
    /** @type {Value} what it was when it got the focus, or when Enter was last pressed */
    this.before = null;
    this.dirty = false;
    this.timer = 0;
    const typed = !this.list || !this.isText || info.edit === "word";
    this.element = typed ? this.input() : document.createElement("select");
    this.element.className = `field ${info.edit}`;
    if (this.list) this.list.users.add(this);
    fields.set(this.element, this);
    cell.classList.add("edited");
    if (locked) this.lock();
  }

  lock() {
    if (this.element instanceof HTMLSelectElement) this.element.disabled = true;
    else this.element.readOnly = true;
  }

  input() {
    const input = document.createElement("input");
    input.type = "text";
    input.autocomplete = "off";
    input.spellcheck = false;
    input.autocapitalize = "none";
    if (this.rule.kind === "positive" || (this.rule.kind === "between" && this.rule.low >= 0)) {
      input.inputMode = "decimal";
    }
    if (this.list) input.setAttribute("list", this.list.datalist.id);
    return input;
  }

  get focused() {
    return document.activeElement === this.element;
  }

  /** What is typed, as a spreadsheet takes it. @returns {Value} */
  get typed() {
    return taken(this.element.value, this);
  }

  /** Show a value, and what is to be told of it. @param {Value} value */
  show(value) {
    this.value = value;
    if (this.dirty) return;
    if (this.element instanceof HTMLSelectElement) {
      this.fill();
    } else {
      const text = this.focused ? inFull(value) : asShown(value, this.format);
      if (this.element.value !== text) this.element.value = text;
      if (this.isText || text.length > 5) this.element.style.setProperty("--letters", String(lettersOf(text)));
    }
    this.cell.classList.toggle("vacant", value === null || value === "");
    this.tell(value);
  }

  /** Name it for who does not see its row and column. @param {string} text */
  name(text) {
    if (this.element.getAttribute("aria-label") !== text) this.element.setAttribute("aria-label", text);
  }

  /** Offer what can be chosen, and whatever stands there. */
  fill() {
    const shown = inFull(this.value);
    const texts = [...new Set(this.list.texts)];
    const chosen = texts.find((text) => wordKey(text) === wordKey(shown));
    if (chosen === undefined) texts.unshift(shown);
    const select = this.element;
    if (texts.length !== select.length || texts.some((text, k) => select.options[k].text !== text)) {
      select.replaceChildren(...texts.map((text) => new Option(text, text)));
    }
    select.value = chosen ?? shown;
  }

  /** Why a value is not usable, or is no word that is known: the name of what is told. @param {Value} value */
  why(value) {
    const broken = whyUnusable(this.rule, value === "" ? null : value);
    if (broken === "no_number" && Math.abs(numberWritten(String(value).trim())) === Infinity) return "too_large";
    if (broken) return broken;
    if (!this.isText || !this.list || value === null || value === "") return "";
    if (this.list.texts.length === 0) return ""; // what can be chosen is not known yet
    if (this.rule.kind === "switch" && typeof value === "boolean") return "";
    const count = this.list.counts.get(wordKey(value)) ?? 0;
    if (count === 1) return "";
    if (this.element instanceof HTMLSelectElement) return count ? "" : "not_listed";
    return count ? "known_twice" : "unknown";
  }

  /** Tell beside the field what is wrong with a value, if anything is. @param {Value} value */
  tell(value) {
    const why = this.why(value);
    if (!why && !this.told) return;
    this.cell.classList.toggle("unusable", why !== "");
    if (!why) {
      this.told.remove();
      this.told = null;
      this.element.removeAttribute("aria-invalid");
      this.element.removeAttribute("aria-describedby");
      return;
    }
    if (!this.told) {
      this.told = document.createElement("span");
      this.told.className = "why";
      this.told.id = `why-${++toldCount}`;
      this.element.after(this.told);
      this.element.setAttribute("aria-invalid", "true");
      this.element.setAttribute("aria-describedby", this.told.id);
    }
    this.told.textContent = say(`told_${why}`, { low: this.rule.low, high: this.rule.high });
  }
}

/** Let nothing be edited any more. */
export function lockFields() {
  locked = true;
  for (const element of document.querySelectorAll(".field")) {
    const field = fields.get(element);
    clearTimeout(field.timer);
    field.dirty = false;
    field.lock();
    field.show(field.value);
  }
  typing.clear();
}

/** The field of an element, or nothing. @param {EventTarget} element @returns {Field | undefined} */
export function fieldOf(element) {
  return element instanceof Element ? fields.get(element) : undefined;
}

/**
 * What a value to be put into a block's cell is: of a text, what a spreadsheet takes it for.
 * @param {Value} value @param {{isText: boolean, list: ?List}} where @returns {Value}
 */
export function taken(value, { isText, list }) {
  if (typeof value === "number" && isText) return takenForText(String(value), () => false);
  if (typeof value !== "string") return value;
  if (!isText) return takenForNumber(value);
  return takenForText(value, (text) => list !== null && list.counts.has(wordKey(text)));
}

/**
 * The list that choices are from.
 * @param {?{block?: string, texts?: string[]}} choices @returns {?List}
 */
export function listOf(choices) {
  if (!choices) return null;
  const name = choices.block ?? choices.texts.join("\n");
  if (!lists.has(name)) {
    const datalist = document.createElement("datalist");
    datalist.id = `list-${lists.size + 1}`;
    document.body.append(datalist);
    lists.set(name, { texts: [], counts: new Map(), datalist, users: new Set() });
    if (choices.texts) setList(name, choices.texts);
  }
  return lists.get(name);
}

/** The blocks whose texts can be chosen. */
export function listedBlocks() {
  return lists.keys();
}

/** Say what can be chosen from a list now. @param {string} name @param {string[]} texts */
export function setList(name, texts) {
  const list = lists.get(name);
  const filled = texts.filter((text) => text !== "");
  if (filled.length === list.texts.length && filled.every((text, k) => text === list.texts[k])) return;
  list.texts = filled;
  list.counts = new Map();
  for (const text of filled) list.counts.set(wordKey(text), (list.counts.get(wordKey(text)) ?? 0) + 1);
  list.datalist.replaceChildren(...[...new Set(filled)].map((text) => new Option(text, text)));
  for (const field of list.users) field.show(field.value);
}

/** How wide a text is in letters of the alphabet: those of Chinese are twice as wide. @param {string} text */
function lettersOf(text) {
  let width = 0;
  for (const letter of text) width += letter > "\u2e7f" ? 2 : 1;
  return width;
}

/**
 * Hear what happens in fields.
 * @param {function(Field, Value, boolean=): void} enter  takes what was typed into a field, or taken back
 * @param {function(): void} wait  is told whenever somebody begins or ends to type
 */
export function listenToFields(enter, wait) {
  /** @param {Field} field */
  const finish = (field) => {
    clearTimeout(field.timer);
    if (!field.dirty) return;
    const value = field.typed;
    field.dirty = false;
    typing.delete(field);
    field.show(value);
    enter(field, value);
    wait();
  };
  const heard = (event, hear) => {
    const field = fieldOf(event.target);
    if (field) hear(field, event);
  };
  const on = (name, hear) => document.addEventListener(name, (event) => heard(event, hear));
  const type = (field, event) => {
    if (event.isComposing) return;
    begin(field);
    const isUsable = field.element.value !== "" && !field.why(field.typed);
    field.timer = setTimeout(finish, isUsable ? PAUSE : LONG_PAUSE, field);
    wait();
  };
  on("input", type);
  on("compositionend", type);
  on("change", (field) => {
    begin(field);
    finish(field);
  });
  on("focusin", (field) => {
    field.before = field.value;
    field.show(field.value);
    if (field.element instanceof HTMLInputElement) field.element.select();
  });
  on("focusout", (field) => {
    finish(field);
    // The field has the focus until this event is over.
    queueMicrotask(() => field.show(field.value));
  });
  on("keydown", (field, event) => {
    if (event.isComposing) return;
    if (event.key === "Enter") {
      finish(field);
      field.before = field.value;
    }
    if (event.key === "Escape") takeBack(field, enter, wait);
  });
}

/** The fields in which something is typed that does not count yet. @type {Set<Field>} */
const typing = new Set();

/** Whether somebody types, and it does not count yet. */
export function isTyping() {
  return typing.size > 0;
}

/** @param {Field} field */
function begin(field) {
  clearTimeout(field.timer);
  field.dirty = true;
  typing.add(field);
}

/** Let a field hold again what it held before somebody typed. @param {Field} field */
function takeBack(field, enter, wait) {
  clearTimeout(field.timer);
  field.dirty = false;
  typing.delete(field);
  if (inFull(field.value) !== inFull(field.before)) enter(field, field.before, true);
  field.show(field.before);
  wait();
}
