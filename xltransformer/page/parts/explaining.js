// All that there is to tell about a cell: what it is called and holds, and how that comes about.

import { asShown, inFull, keyOf, placeOf } from "./cells.js";
import { addressOf, areasIn, isOneCell, parseFormula } from "./formula.js";
import { isLine, readingOf } from "./reading.js";
import { pickedBy } from "./seeing.js";
import { inWords, withNumbers } from "./wording.js";

/** @typedef {import("./formula.js").Area} Area */
/** @typedef {import("./formula.js").Formula} Formula */
/** @typedef {import("./naming.js").Naming} Naming */
/**
 * Cells that a cell comes from.
 * @typedef {{key: number, keys: number[], label: string, value: string, sheet: string}} Source
 * @typedef {{title: string, value: string, shown: string, address: string, sheet: string, words: string,
 *   numbers: string,
 *   code: string, told: string, sources: Source[]}} Explanation
 */

/** Of more single cells than these, those that follow one another are one source. */
const MOST_SINGLE = 12;
/** So many cells of an area are listed for being lit; a larger one is known by its first. */
const MOST_LIT = 4000;

/** What is known of all cells. */
export class Explainer {
  /**
   * @param {any} outline @param {Naming} naming
   * @param {(key: number) => any} value what a cell holds, as far as it is known
   * @param {(key: string, parts?: Object<string, unknown>) => string} say
   * @param {(block: string, own: number) => string} whereIs where a block stands, as seen from a sheet
   */
  constructor(outline, naming, value, say, whereIs) {
    this.outline = outline;
    this.naming = naming;
    this.value = value;
    this.say = say;
    this.whereIs = whereIs;
  }

  /** The key of an area's first cell. @param {Area} area @param {number} own the sheet of the formula */
  keyOfArea(area, own) {
    return keyOf(this.naming.sheetOf(area, own), area.top, area.left);
  }

  /** The keys of what a formula needs. @param {string} code @param {number} own @returns {number[]} */
  needed(code, own) {
    const formula = code ? formulaOf(code) : null;
    return formula ? areasIn(formula).flatMap((area) => this.keysOf(area, own)) : [];
  }

  /** @param {Area} area @param {number} own @returns {number[]} */
  keysOf(area, own) {
    const { top, left, bottom, right } = area;
    const sheet = this.naming.sheetOf(area, own);
    const columns = right - left + 1;
    const count = Math.min((bottom - top + 1) * columns, MOST_LIT);
    return Array.from({ length: count }, (_, k) =>
      keyOf(sheet, top + Math.floor(k / columns), left + (k % columns)),
    );
  }

  /** What a cell is called. @param {number} key */
  nameOf(key) {
    const [sheet, row, column] = placeOf(key);
    return this.naming.areaName({ sheet: null, top: row, left: column, bottom: row, right: column }, sheet);
  }

  /**
   * @param {number} key
   * @param {{code: string, cell: [number, number] | null}} formula as in the sheet, and of an array formula which
   * of
   *   its cells this is
   * @returns {Explanation}
   */
  explain(key, { code, cell }) {
    const told = this.untold(key, code ? "" : this.inputTold(this.partAt(key)));
    told.code = code;
    const formula = code ? formulaOf(code) : null;
    if (!formula) return told;
    const own = placeOf(key)[0];
    const asksAnswers = areasIn(formula).some((area) => this.naming.isSecret(this.naming.sheetOf(area, own)));
    if (asksAnswers || this.naming.isSecret(own)) return { ...told, code: "", told: this.say("origin_hidden") };
    const reading = readingOf(formula, cell);
    const known = this.known(key, this.doubtfulIn(formula, key));
    const [words, numbers] = [inWords(reading, known), withNumbers(reading, known, told.shown)];
    return { ...told, words, numbers, sources: this.sourcesOf(reading, known, key) };
  }

  /** What is known of a cell without its formula. @param {number} key @param {string} told
   * @returns {Explanation} */
  untold(key, told) {
    const [sheet, row, column] = placeOf(key);
    const value = this.value(key) ?? null;
    const own = { sheet: null, top: row, left: column, bottom: row, right: column };
    return {
      title: this.nameOf(key),
      value: inFull(value),
      shown: typeof value === "number" ? this.shown(value, own, sheet).replace(/^-/, "−") : inFull(value),
      address: addressOf(own),
      sheet: this.outline.sheets[sheet] ?? "",
      words: "",
      numbers: "",
      code: "",
      told,
      sources: [],
    };
  }

  /** The first cell of a block's row. @param {number} key */
  firstInRow(key) {
    const [sheet, row, column] = placeOf(key);
    const part = this.partAt(key);
    return keyOf(sheet, row, part ? column - part.left : 0);
  }

  /** Every cell that shows the same as one does. @param {number} key */
  allKeys(key) {
    const part = this.partAt(key);
    return part ? this.shownKeys(part) : [key];
  }

  /** @param {number} key @returns {Area} */
  areaAt(key) {
    const [sheet, row, column] = placeOf(key);
    return { sheet: this.outline.sheets[sheet], top: row, left: column, bottom: row, right: column };
  }

  /** @param {number} key */
  partAt(key) {
    return this.naming.partOf(this.areaAt(key), 0);
  }

  /** What there is to say of a cell without a formula. @param {import("./naming.js").Part | null} part */
  inputTold(part) {
    const info = part ? this.outline.blocks[part.block] : null;
    if (!info) return this.say("origin_constant");
    const kinds = { weight: "origin_learned", exercise: "origin_exercise", word: "origin_word" };
    const kind = info.edit ? (kinds[info.edit] ?? "origin_typed") : "origin_constant";
    return this.say(kind);
  }

  /** What wording needs to know of a cell's formula. @param {number} key @param {Set<string>} doubtful
   * @returns {import("./wording.js").Known} */
  known(key, doubtful) {
    const own = placeOf(key)[0];
    return {
      name: (area) => this.distinctName(area, key, doubtful),
      whole: (area) => this.naming.wholeName(area, own),
      value: (area) => this.value(this.keyOfArea(area, own)) ?? null,
      shown: (value, area) => this.shown(value, area, own),
      result: this.value(key) ?? null,
      say: this.say,
    };
  }

  /** What an area is called in the formula of a cell; with where its block stands, if another block there has the
   * same symbol. @param {Area} area @param {number} key
   * @param {Set<string>} doubtful the blocks of such symbols */
  distinctName(area, key, doubtful) {
    const own = placeOf(key)[0];
    const name = this.naming.areaName(area, own);
    const part = this.naming.partOf(area, own);
    const where = part && doubtful.has(part.block) ? this.whereIs(part.block, own) : "";
    return where ? `${name} (${where})` : name;
  }

  /** The blocks of a formula, but for its own, that share their symbol with another one. @param {Formula} formula
   * @param {number} key @returns {Set<string>} */
  doubtfulIn(formula, key) {
    const own = placeOf(key)[0];
    const self = this.partAt(key)?.block;
    const blocks = [self, ...areasIn(formula).map((area) => this.naming.partOf(area, own)?.block)];
    /** @type {Map<string, Set<string>>} */
    const bySymbol = new Map();
    for (const block of blocks) {
      if (block === undefined) continue;
      const symbol = this.naming.symbolOf(block);
      bySymbol.set(symbol, (bySymbol.get(symbol) ?? new Set()).add(block));
    }
    const shared = [...bySymbol.values()].filter((names) => names.size > 1).flatMap((names) => [...names]);
    return new Set(shared.filter((block) => block !== self));
  }

  /** A value as its block shows it; a small one by two of its digits at least. @param {any} value
   * @param {Area | null} area @param {number} own */
  shown(value, area, own = 0) {
    const part = area && this.naming.partOf(area, own);
    const known = part ? this.outline.blocks[part.block].digits : Number.isInteger(value) ? "0" : "2";
    const least = typeof value === "number" && value !== 0 && Number(known) >= 2 ? digitsNeeded(value) : 0;
    const digits = String(known) === "general" ? known : String(Math.max(Number(known), least));
    return asShown(value, { digits, before: "", after: "", zero: null, others: null });
  }

  /** @param {import("./reading.js").Reading} reading @param {import("./wording.js").Known} known
   * @param {number} key
   * @returns {Source[]} */
  sourcesOf(reading, known, key) {
    const areas = sourceAreas(reading, known);
    const single = areas.filter(isOneCell);
    const listed = single.length > MOST_SINGLE ? inLines(areas) : areas;
    const seen = new Set();
    return listed.flatMap((area) => {
      const source = this.source(area, known, key);
      const name = `${source.key} ${source.keys.length}`;
      if (seen.has(name)) return [];
      seen.add(name);
      return [source];
    });
  }

  /** @param {Area} area @param {import("./wording.js").Known} known
   * @param {number} key the cell that comes from it
   * @returns {Source} */
  source(area, known, key) {
    const own = placeOf(key)[0];
    const part = this.naming.partOf(area, own);
    const keys = part ? this.shownKeys(part) : this.keysOf(area, own);
    const count = (area.bottom - area.top + 1) * (area.right - area.left + 1);
    const value = this.value(keys[0]) ?? null;
    const shown = typeof value === "number" ? this.shown(value, area, own).replace(/^-/, "−") : inFull(value);
    return {
      key: keys[0],
      keys,
      label: known.name(area),
      value: count === 1 ? shown : this.say("origin_cells", { count }),
      sheet: this.outline.sheets[placeOf(keys[0])[0]] ?? "",
    };
  }

  /** Every cell in which a part of a block stands, the first one at its home.
   * @param {import("./naming.js").Part} part @returns {number[]} */
  shownKeys({ block, top, left, bottom, right }) {
    const keys = [];
    for (let i = top; i <= bottom; i++) {
      for (let j = left; j <= right && keys.length < MOST_LIT; j++) {
        for (const place of this.naming.placesOf(block, i, j)) keys.push(keyOf(...place));
      }
    }
    return keys;
  }
}

/** @param {string} code @returns {import("./formula.js").Formula | null} null for what is no formula of ours */
function formulaOf(code) {
  try {
    return parseFormula(code);
  } catch {
    return null;
  }
}

/** How many decimals show a small number by two digits. @param {number} value */
function digitsNeeded(value) {
  const size = Math.abs(value);
  return size >= 0.005 || size < 1e-9 ? 2 : Math.min(9, 1 - Math.floor(Math.log10(size)));
}

/** The areas that a reading refers to, and the cells that it picks from them.
 * @param {import("./reading.js").Reading} reading
 * @param {import("./wording.js").Known} known @returns {Area[]} */
function sourceAreas(reading, known) {
  switch (reading.kind) {
    case "area":
      return [reading.area];
    case "negative":
    case "percent":
    case "count":
      return sourceAreas(reading.of, known);
    case "pair":
      return [...sourceAreas(reading.left, known), ...sourceAreas(reading.right, known)];
    case "sum":
      return reading.terms.flatMap((term) => sourceAreas(term.of, known));
    case "product":
      return reading.left.length > MOST_SINGLE / 2
        ? inLines([...reading.left, ...reading.right])
        : reading.left.flatMap((cell, k) => [cell, reading.right[k]]);
    case "call": {
      const picked = pickedBy(reading, known);
      const inside = reading.parts.flatMap((part) => sourceAreas(part, known));
      return picked ? [picked, ...inside] : inside;
    }
    default:
      return [];
  }
}

/** Cells that follow one another as one area each. @param {Area[]} areas @returns {Area[]} */
function inLines(areas) {
  /** @type {Area[][]} */
  const lines = [];
  for (const area of areas) {
    const line = isOneCell(area)
      ? lines.find((cells) => isOneCell(cells[0]) && isLine([...cells, area]))
      : undefined;
    if (line) line.push(area);
    else lines.push([area]);
  }
  return lines.map((cells) => ({
    ...cells[0],
    bottom: cells[cells.length - 1].bottom,
    right: cells[cells.length - 1].right,
  }));
}
