// What a formula means, rather than how a spreadsheet has to write it: a product of a row and a column in place of
// its terms or of SUMPRODUCT(MMULT(…)), minus infinity in place of -1E+30, and of an array formula what it says of
// one of its cells.

import { cellsOf, isOneCell } from "./formula.js";

/** @typedef {import("./formula.js").Formula} Formula */
/** @typedef {import("./formula.js").Area} Area */
/**
 * @typedef {Formula | {kind: "endless", minus: boolean} | {kind: "sum", terms: Term[]} |
 *   {kind: "product", left: Area[], right: Area[]} | {kind: "count", of: Reading, axis: "rows" | "columns"}}
 * Reading
 * @typedef {{minus: boolean, of: Reading}} Term
 */

/** What stands for infinity: no more than masks have. */
const ENDLESS = 1e29;
/** Functions that take whole areas; others of an array formula go cell by cell. */
const OF_AREAS =
  /^(SUM|SUMSQ|SUMPRODUCT|MAX|MIN|LARGE|SMALL|MMULT|INDEX|MATCH|ROWS|COLUMNS|COUNT|COUNTA|COUNTIF)$/;
/** Functions that only change how a value is written. */
const OF_SPELLING = /^(FIXED|LOWER|TRIM)$/;

/**
 * @param {Formula} formula
 * @param {[number, number] | null} [cell] of an array formula the row and column, from 0, that are told of
 * @returns {Reading}
 */
export function readingOf(formula, cell = null) {
  const inside = (/** @type {Formula} */ part) => readingOf(part, cell);
  switch (formula.kind) {
    case "area":
      return cell ? { kind: "area", area: cellAt(formula.area, cell) } : formula;
    case "negative":
      return isEndless(formula.of)
        ? { kind: "endless", minus: true }
        : { kind: "negative", of: inside(formula.of) };
    case "number":
      return isEndless(formula) ? { kind: "endless", minus: false } : formula;
    case "percent":
      return { kind: "percent", of: inside(formula.of) };
    case "pair":
      return pairRead(formula, inside);
    case "call":
      return callRead(formula, cell);
    default:
      return formula;
  }
}

/** @param {Formula} part */
function isEndless(part) {
  return part.kind === "number" && part.value > ENDLESS;
}

/** An area's cell in a row and column; of one row or column alone, that one for all. @param {Area} area
 * @param {[number, number]} cell @returns {Area} */
function cellAt({ sheet, top, left, bottom, right }, [i, j]) {
  const row = Math.min(top + i, bottom);
  const column = Math.min(left + j, right);
  return { sheet, top: row, left: column, bottom: row, right: column };
}

/** @param {Extract<Formula, {kind: "pair"}>} formula @param {(part: Formula) => Reading} inside
 * @returns {Reading} */
function pairRead(formula, inside) {
  const { sign, left, right } = formula;
  if (sign === "+" || sign === "-") {
    const apart = rowNumber(left, sign, right);
    return apart ?? summed([...termsOf(inside(left), false), ...termsOf(inside(right), sign === "-")]);
  }
  if (sign === "*" && (isNumberOf(right, 1) || isEndless(right))) return inside(left);
  if (sign === "&" && isTextOf(right, "")) return inside(left);
  return { kind: "pair", sign, left: inside(left), right: inside(right) };
}

/** @param {Formula} part @param {number} value */
function isNumberOf(part, value) {
  return part.kind === "number" && part.value === value;
}

/** @param {Formula} part @param {string} value */
function isTextOf(part, value) {
  return part.kind === "text" && part.value === value;
}

/** ROW(C7)-ROW(C5) is how a formula counts: 2. @param {Formula} left @param {string} sign @param {Formula} right
 * @returns {Reading | null} */
function rowNumber(left, sign, right) {
  if (sign !== "-" || left.kind !== "call" || right.kind !== "call" || left.name !== right.name) return null;
  const [first, second] = [left.parts[0], right.parts[0]];
  if (first?.kind !== "area" || second?.kind !== "area" || !isOneCell(first.area)) return null;
  if (left.name !== "ROW" && left.name !== "COLUMN") return null;
  const value = left.name === "ROW" ? first.area.top - second.area.top : first.area.left - second.area.left;
  return { kind: "number", value, text: String(value) };
}

/** @param {Reading} part @param {boolean} minus @returns {Term[]} */
function termsOf(part, minus) {
  if (part.kind !== "sum") return isZero(part) ? [] : [{ minus, of: part }];
  return part.terms.map((term) => ({ minus: term.minus !== minus, of: term.of }));
}

/** @param {Reading} part */
function isZero(part) {
  return part.kind === "number" && part.value === 0;
}

/** Terms as a sum, in which products of cells along a row and a column are one. @param {Term[]} terms
 * @returns {Reading} */
function summed(terms) {
  /** @type {Term[]} */
  const kept = [];
  for (const term of terms) {
    const longer = kept.length ? longerProduct(kept[kept.length - 1], term) : null;
    if (longer) kept[kept.length - 1] = longer;
    else kept.push(term);
  }
  if (kept.length === 0) return { kind: "number", value: 0, text: "0" };
  return kept.length === 1 && !kept[0].minus ? kept[0].of : { kind: "sum", terms: kept };
}

/** A product of a row and a column with one more term; null where it is none.
 * @param {Term} before @param {Term} term @returns {Term | null} */
function longerProduct(before, term) {
  if (before.minus || term.minus) return null;
  const [known, more] = [factorsOf(before.of), factorsOf(term.of)];
  if (!known || !more) return null;
  const sides = { left: [...known.left, ...more.left], right: [...known.right, ...more.right] };
  return isLine(sides.left) && isLine(sides.right) ? { minus: false, of: { kind: "product", ...sides } } : null;
}

/** @param {Reading} part @returns {{left: Area[], right: Area[]} | null} */
function factorsOf(part) {
  if (part.kind === "product") return part;
  if (part.kind !== "pair" || part.sign !== "*" || part.left.kind !== "area" || part.right.kind !== "area")
    return null;
  const sides = { left: [part.left.area], right: [part.right.area] };
  return isOneCell(sides.left[0]) && isOneCell(sides.right[0]) ? sides : null;
}

/** Whether cells follow one another along a row or down a column. @param {Area[]} cells */
export function isLine(cells) {
  const [first, second] = cells;
  const down = second.top - first.top;
  const across = second.left - first.left;
  if (down + across !== 1 || down * across !== 0) return false;
  return cells.every(
    (cell, k) =>
      cell.sheet === first.sheet && cell.top === first.top + k * down && cell.left === first.left + k * across,
  );
}

/** @param {Extract<Formula, {kind: "call"}>} formula @param {[number, number] | null} cell @returns {Reading} */
function callRead({ name, parts }, cell) {
  if (OF_SPELLING.test(name)) return readingOf(parts[0], cell);
  if (name === "IFERROR" && parts[1]?.kind === "truth") return readingOf(parts[0], cell);
  if (name === "TRANSPOSE" && cell && parts[0].kind === "area") return readingOf(parts[0], [cell[1], cell[0]]);
  const inside = parts.map((part) => readingOf(part, OF_AREAS.test(name) ? null : cell));
  if (name === "EXACT") return { kind: "pair", sign: "=", left: inside[0], right: inside[1] };
  if (name === "ROWS" || name === "COLUMNS") {
    return { kind: "count", of: inside[0], axis: name === "ROWS" ? "rows" : "columns" };
  }
  if (name === "SUM" && inside.length > 1) return summed(inside.flatMap((part) => termsOf(asTotal(part), false)));
  const factors = name === "SUMPRODUCT" && parts.length === 1 && isCall(parts[0], "MMULT") ? parts[0].parts : null;
  if (name === "MAX" && isNumberOf(parts[0], 1) && inside[1]?.kind === "call" && inside[1].name === "MATCH")
    return inside[1];
  const place = name === "SUMPRODUCT" && parts.length === 1 ? placeRead(parts[0]) : null;
  if (place) return place;
  const product =
    name === "MMULT"
      ? productOf(inside, cell ?? [0, 0])
      : factors
        ? productOf(
            factors.map((part) => readingOf(part)),
            [0, 0],
          )
        : name === "SUMPRODUCT"
          ? entriesMultiplied(inside)
          : null;
  return product ?? { kind: "call", name, parts: inside };
}

/** @param {Formula} part @param {string} name @returns {part is Extract<Formula, {kind: "call"}>} */
function isCall(part, name) {
  return part.kind === "call" && part.name === name;
}

/** @param {Reading} part @returns {Reading} */
function asTotal(part) {
  return part.kind === "area" && !isOneCell(part.area) ? { kind: "call", name: "SUM", parts: [part] } : part;
}

/** SUMPRODUCT((a=x)*(ROW(a)-ROW(first)+1)) looks for x in a, as MATCH does. @param {Formula} formula
 * @returns {Reading | null} */
function placeRead(formula) {
  if (formula.kind !== "pair" || formula.sign !== "*" || formula.left.kind !== "pair" || formula.left.sign !== "=")
    return null;
  const { left, right } = formula;
  const [among, what] = [readingOf(left.left), readingOf(left.right)];
  const counts =
    right.kind === "pair" && right.sign === "+" && right.left.kind === "pair" && isCall(right.left.left, "ROW");
  if (!counts || among.kind !== "area" || isOneCell(among.area)) return null;
  return { kind: "call", name: "MATCH", parts: [/** @type {any} */ (what), /** @type {any} */ (among)] };
}

/** Row i of one area times column j of another. @param {Reading[]} factors @param {[number, number]} cell
 * @returns {Reading | null} */
function productOf([a, b], [i, j]) {
  if (a?.kind !== "area" || b?.kind !== "area") return null;
  const row = Math.min(a.area.top + i, a.area.bottom);
  const column = Math.min(b.area.left + j, b.area.right);
  const left = cellsOf({ ...a.area, top: row, bottom: row });
  const right = cellsOf({ ...b.area, left: column, right: column });
  return left.length === right.length ? { kind: "product", left, right } : null;
}

/** SUMPRODUCT(a,b) or SUMPRODUCT(a*b), entry by entry. @param {Reading[]} parts @returns {Reading | null} */
function entriesMultiplied(parts) {
  const [only] = parts;
  const [a, b] =
    parts.length === 2 ? parts : only?.kind === "pair" && only.sign === "*" ? [only.left, only.right] : [];
  if (a?.kind !== "area" || b?.kind !== "area") return null;
  const [left, right] = [cellsOf(a.area), cellsOf(b.area)];
  const alike = left.length === right.length && a.area.bottom - a.area.top === b.area.bottom - b.area.top;
  return alike && left.length > 1 ? { kind: "product", left, right } : null;
}

/** How many entries the areas have that are worked through together; 1 where there are none, 0 where they differ.
 * @param {Reading} reading @returns {number} */
export function entriesIn(reading) {
  if (reading.kind === "area") return cellsOf(reading.area).length;
  if (reading.kind === "call" && OF_AREAS.test(reading.name)) return 1;
  const inside = innerReadings(reading)
    .map(entriesIn)
    .filter((count) => count !== 1);
  return inside.length === 0 ? 1 : inside.every((count) => count === inside[0]) ? inside[0] : 0;
}

/** The same for the k-th entry of the areas. @param {Reading} reading @param {number} k @returns {Reading} */
export function entryOf(reading, k) {
  switch (reading.kind) {
    case "area":
      return isOneCell(reading.area) ? reading : { kind: "area", area: cellsOf(reading.area)[k] };
    case "negative":
    case "percent":
      return { ...reading, of: /** @type {any} */ (entryOf(reading.of, k)) };
    case "pair":
      return {
        ...reading,
        left: /** @type {any} */ (entryOf(reading.left, k)),
        right: /** @type {any} */ (entryOf(reading.right, k)),
      };
    case "sum":
      return { ...reading, terms: reading.terms.map(({ minus, of }) => ({ minus, of: entryOf(of, k) })) };
    case "call":
      if (OF_AREAS.test(reading.name)) return reading;
      return { ...reading, parts: reading.parts.map((part) => /** @type {any} */ (entryOf(part, k))) };
    default:
      return reading;
  }
}

/** @param {Reading} reading @returns {Reading[]} */
function innerReadings(reading) {
  switch (reading.kind) {
    case "negative":
    case "percent":
      return [reading.of];
    case "pair":
      return [reading.left, reading.right];
    case "sum":
      return reading.terms.map((term) => term.of);
    case "call":
      return reading.parts;
    default:
      return [];
  }
}
