/**
 * Drawings: the tables and single cells of the page, each element known by the key of its cell, and how they show
 * values, empty slots and colours.
 */

import { asShown, formatOf, inFull, keyNamed, keyOf, placeOf, SEEN, valueShown } from "./cells.js";
import { Field } from "./fields.js";
import { keepOneStop } from "./moving.js";
import { outline } from "./words.js";

/** In how many steps of colour shares are drawn. */
const SHADES = 25;
/** So many fields are made at once; further tables have theirs when they come near the screen, for each takes a
 * browser some 15 kB. */
const MOST_FIELDS = 20_000;
const NEAR_SCREEN = "800px";
let fieldsMade = 0;
/** @type {?IntersectionObserver} */
let nearScreen = null;
/** What the cells hold, as far as it is known, by their keys. @type {Map<number, Value>} */
export const values = new Map();
/** What shows each cell, by its key. @type {Map<number, Shown | Shown[]>} */
const registry = new Map();
/** Tables whose fields are still to be made. @type {WeakMap<Element, Drawing>} */
const waitingTables = new WeakMap();
/** The drawings of which something is drawn, and that are to be finished. @type {Set<Drawing>} */
const touched = new Set();

/** An element that shows a cell: at row `i` and column `j` of a drawing. */
class Shown {
  /** @param {HTMLElement} element @param {number} key @param {Format} format @param {?Drawing} drawing */
  constructor(element, key, format, drawing = null, i = 0, j = 0) {
    this.element = element;
    this.key = key;
    this.format = format;
    this.drawing = drawing;
    this.i = i;
    this.j = j;
    /** @type {?Field} */
    this.field = null;
    this.hidden = element.classList.contains("empty");
    this.faded = false;
    this.share = 0;
  }

  /** Have it follow its cell. @param {boolean} isText  whether that holds texts */
  follow(isText) {
    const found = registry.get(this.key);
    if (found === undefined) registry.set(this.key, this);
    else if (Array.isArray(found)) found.push(this);
    else registry.set(this.key, [found, this]);
    if (!values.has(this.key)) values.set(this.key, valueShown(this.element.textContent, this.format, isText));
    return this;
  }

  /** @param {string} text */
  write(text) {
    const { element } = this;
    const { firstChild } = element;
    if (firstChild !== null && firstChild === element.lastChild && firstChild.nodeType === Node.TEXT_NODE) {
      if (firstChild.data !== text) firstChild.data = text;
    } else if (firstChild !== null || text !== "") {
      element.textContent = text;
    }
  }

  /** Show a value. @param {Value} value */
  draw(value) {
    if (this.drawing === null) this.write(asShown(value, this.format));
    else this.drawing.drawCell(this, value);
  }
}

/** Whether what is filled in at a cell is right, which another cell says. */
class Verdict extends Shown {
  draw(value) {
    this.element.classList.toggle("right", value === 1);
    this.element.classList.toggle("wrong", value === -1);
  }
}

/** The label of a row or column. */
class Label extends Shown {
  draw(value) {
    this.write(asShown(value, this.format));
    this.drawing.relabelled = true;
    touched.add(this.drawing);
  }
}

/** A rectangle of cells: a table, or an entry that stands alone. */
class Drawing {
  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.format = formatOf(element);
    this.name = element.dataset.of;
    this.info = outline.blocks[this.name] ?? null;
    this.look = element.dataset.look ?? "text";
    this.edit = element.dataset.edit ?? null;
    this.isText = this.info ? this.info.text : this.look === "text";
    this.turned = element.dataset.turned !== undefined;
    [this.sheet, this.row, this.column] = placeOf(keyNamed(element.dataset.at));
    /** @type {Shown[]} */
    this.cells = [];
    /** @type {Label[]} */
    this.rows = [];
    /** @type {Label[]} */
    this.columns = [];
    this.emptyRows = [];
    this.emptyColumns = [];
    this.relabelled = true;
    /** Of an exercise the entries that are to be filled in: where they are typed, which is at home. */
    this.left = this.edit === "exercise" ? this.leftHere() : null;
    /** Cells that are to become fields once they come near the screen. @type {?Array<[Shown, number, number]>} */
    this.fieldless = null;
    const size = element.tagName === "TABLE" && this.edit && this.info ? this.info.shape[0] * this.info.shape[1] : 0;
    if (size > 0 && fieldsMade + size > MOST_FIELDS) this.wait();
  }

  /** Have the fields made when the table comes near the screen. */
  wait() {
    this.fieldless = [];
    waitingTables.set(this.element, this);
    nearScreen ??= new IntersectionObserver(
      (entries) => {
        for (const { isIntersecting, target } of entries) {
          if (!isIntersecting) continue;
          nearScreen.unobserve(target);
          waitingTables.get(target)?.makeFields();
        }
      },
      { rootMargin: NEAR_SCREEN },
    );
    nearScreen.observe(this.element);
  }

  /** The entries left to fill in here, as texts. @returns {Set<string>} */
  leftHere() {
    const [sheet, row, column] = this.info.at;
    const isHome = sheet === this.sheet && row === this.row && column === this.column;
    return new Set(isHome ? this.info.left.map(String) : []);
  }

  /** The axes of its rows and its columns, as the outline has them. */
  get axes() {
    const { rows = {}, columns = {} } = this.info ?? {};
    return this.turned ? [columns, rows] : [rows, columns];
  }

  /** A label at a cell; it follows the cell where labels do. */
  label(element, row, column, axis) {
    const label = new Label(element, keyOf(this.sheet, row, column), this.format, this);
    return axis.at || !this.info ? label.follow(true) : label;
  }

  /** Bring a cell to life: the entry at a `row` and `column` of the block. */
  add(element, i, j, row, column, edit) {
    const shown = new Shown(element, keyOf(this.sheet, this.row + i, this.column + j), this.format, this, i, j);
    shown.follow(this.isText);
    this.cells.push(shown);
    if (!this.info) return;
    if (!this.info.apart) {
      element.setAttribute("data-block", this.name);
      element.setAttribute("data-row", String(row + 1));
      element.setAttribute("data-column", String(column + 1));
    }
    if (edit && (this.left === null || this.left.has(`${row},${column}`))) {
      if (this.fieldless) this.fieldless.push([shown, row, column]);
      else this.makeField(shown, row, column);
      if (this.left) this.judge(element, row, column);
    }
  }

  /** Make a field of a cell, the entry at a `row` and `column` of the block. @param {Shown} shown */
  makeField(shown, row, column) {
    shown.field = new Field(shown.element, { block: this.name, row, column }, this.info, this.format);
    shown.element.replaceChildren(shown.field.element);
    fieldsMade += 1;
  }

  /** Make the fields that were not made at once. */
  makeFields() {
    const cells = this.fieldless ?? [];
    this.fieldless = null;
    for (const [shown, row, column] of cells) {
      this.makeField(shown, row, column);
      shown.draw(values.get(shown.key));
      shown.field.name(this.nameOf(shown));
    }
    keepOneStop(this.element);
  }

  /** Have a cell say whether what is filled in there is right. */
  judge(element, row, column) {
    const [sheet, top, left] = this.info.verdicts;
    const key = keyOf(sheet, top + row, left + column);
    if (!values.has(key)) values.set(key, 0);
    new Verdict(element, key, this.format).follow(false).draw(values.get(key));
  }

  /** @param {Shown} shown @param {Value} value */
  drawCell(shown, value) {
    if (this.info) shown.element.setAttribute("data-value", inFull(value));
    if (shown.field) shown.field.show(value);
    else shown.write(shown.hidden ? "" : asShown(value, this.format));
    touched.add(this);
  }

  /** See to what depends on more than one cell: empty slots, colours, the names of fields. */
  finish() {
    if (this.relabelled) this.relabel();
    if (this.edit || this.isText || this.look === "plain") return;
    if (this.look === "gate" || this.look === "masked") {
      for (const shown of this.cells) this.fade(shown, values.get(shown.key));
      return;
    }
    const most = this.look === "signed" ? largestOf(this.cells) : 1;
    for (const shown of this.cells) this.shade(shown, values.get(shown.key), most);
  }

  /** Show nothing where a slot is empty, which is where the label of its row or column is. */
  relabel() {
    this.relabelled = false;
    const [rows, columns] = this.axes;
    const single = this.info && this.info.shape[0] === 1 && this.info.shape[1] === 1;
    const empty = (labels, axis) => labels.map(({ element }) => axis.at && !single && element.textContent === "");
    const [emptyRows, emptyColumns] = [empty(this.rows, rows), empty(this.columns, columns)];
    for (const shown of this.cells) {
      if (shown.field) {
        shown.field.name(this.nameOf(shown));
        continue;
      }
      const hidden = emptyRows[shown.i] === true || emptyColumns[shown.j] === true;
      if (hidden === shown.hidden) continue;
      shown.hidden = hidden;
      shown.element.classList.toggle("empty", hidden);
      shown.write(hidden ? "" : asShown(values.get(shown.key), this.format));
    }
  }

  /** What a field is called: a label of its own, or the block's symbol, its row and its column. */
  nameOf(shown) {
    if (this.element.dataset.label) return this.element.dataset.label;
    const labels = [this.rows[shown.i], this.columns[shown.j]].map((label) => label?.element.textContent ?? "");
    return [this.info.symbol || this.name, ...labels].filter((text) => text !== "").join(", ");
  }

  /** @param {Shown} shown @param {Value} value */
  fade(shown, value) {
    const faded = !shown.hidden && (this.look === "gate" ? value === 0 : value < SEEN);
    if (faded !== shown.faded) shown.element.classList.toggle("faded", faded);
    shown.faded = faded;
  }

  /** Colour a cell by its share of the most, below 0 in another colour. */
  shade(shown, value, most) {
    const share = typeof value === "number" && !shown.hidden ? value / most : 0;
    const shade = Math.round(Math.max(-1, Math.min(1, share)) * SHADES) / SHADES || 0;
    if (shade === shown.share) return;
    if (shade < 0 !== shown.share < 0) shown.element.classList.toggle("negative", shade < 0);
    shown.share = shade;
    shown.element.style.setProperty("--size", String(Math.abs(shade)));
  }
}

/** The largest size of the numbers in some cells, for both signs. @param {Shown[]} cells */
function largestOf(cells) {
  let largest = 1e-9;
  for (const { key } of cells) {
    const value = values.get(key);
    if (typeof value === "number") largest = Math.max(largest, Math.abs(value));
  }
  return largest;
}

/** What is to be brought to life, in the order of the page. @param {ParentNode} root @returns {HTMLElement[]} */
export function drawnIn(root) {
  return [...root.querySelectorAll("table[data-at], span.cell[data-at], [data-cell]")];
}

/** @type {WeakSet<Element>} */
const hydrated = new WeakSet();

/** Bring a table or a single cell to life. @param {HTMLElement} element */
export function hydrate(element) {
  if (hydrated.has(element)) return;
  hydrated.add(element);
  if (element.dataset.cell !== undefined) {
    const isText = element.dataset.digits === undefined;
    new Shown(element, keyNamed(element.dataset.cell), formatOf(element)).follow(isText);
    return;
  }
  const drawing = new Drawing(element);
  if (element.tagName === "TABLE") {
    hydrateRows(drawing, element);
  } else {
    const [row, column] = (element.dataset.entry ?? "0,0").split(",").map(Number);
    drawing.add(element, 0, 0, row, column, drawing.edit);
  }
  for (const shown of drawing.cells) shown.draw(values.get(shown.key));
}

/** Whether each row begins with a label, or with nothing below the symbol. @param {HTMLTableElement} table */
function hasRowLabels(table) {
  const first = table.tBodies[0]?.rows[0]?.firstElementChild;
  return first?.tagName === "TH" || Boolean(table.tHead?.querySelector(".symbol"));
}

/** @param {Drawing} drawing @param {HTMLTableElement} table */
function hydrateRows(drawing, table) {
  const { row, column, turned, edit } = drawing;
  const [rowAxis, columnAxis] = drawing.axes;
  const heads = table.tHead ? table.tHead.querySelectorAll("th") : [];
  const isLabelled = hasRowLabels(table);
  drawing.columns = Array.from(heads, (head, j) => drawing.label(head, row - 1, column + j, columnAxis));
  let i = 0;
  for (let line = table.tBodies[0]?.firstElementChild; line; line = line.nextElementSibling, i++) {
    let cell = line.firstElementChild;
    if (isLabelled) {
      if (cell.tagName === "TH") drawing.rows[i] = drawing.label(cell, row + i, column - 1, rowAxis);
      cell = cell.nextElementSibling;
    }
    for (let j = 0; cell; cell = cell.nextElementSibling, j++) {
      drawing.add(cell, i, j, turned ? j : i, turned ? i : j, edit);
    }
  }
  if (edit && !drawing.fieldless) keepOneStop(table);
}

/** Finish what is drawn. */
export function finishDrawings() {
  for (const drawing of touched) drawing.finish();
  touched.clear();
}

/** Everything that shows a cell. @param {number} key @returns {Shown[]} */
function shownAt(key) {
  const found = registry.get(key);
  return found === undefined ? [] : Array.isArray(found) ? found : [found];
}

/** Take a cell's value and show it wherever the cell stands. @param {number} key @param {Value} value */
export function drawValue(key, value) {
  values.set(key, value);
  const found = registry.get(key);
  if (found === undefined) return;
  if (Array.isArray(found)) for (const shown of found) shown.draw(value);
  else found.draw(value);
}

/** The elements that show a cell. @param {number} key @returns {HTMLElement[]} */
export function elementsAt(key) {
  return shownAt(key).map((shown) => shown.element);
}

/** The keys of all cells that the page shows. @returns {IterableIterator<number>} */
export function shownKeys() {
  return registry.keys();
}

/**
 * The key of the cell that an element shows or lies in; null where it is none.
 * @param {Element} inside @returns {?number}
 */
export function keyOfElement(inside) {
  const cell = inside.closest("td, th, span.cell, [data-cell]");
  if (!cell) return null;
  if (cell.dataset.cell !== undefined) return keyNamed(cell.dataset.cell);
  const element = cell.closest("table[data-at], span.cell[data-at]");
  if (!element) return null;
  const [sheet, row, column] = placeOf(keyNamed(element.dataset.at));
  if (element === cell) return keyOf(sheet, row, column);
  const line = cell.parentElement;
  const j = column + cell.cellIndex - (hasRowLabels(element) ? 1 : 0);
  return keyOf(sheet, line.parentElement === element.tHead ? row - 1 : row + line.sectionRowIndex, j);
}
