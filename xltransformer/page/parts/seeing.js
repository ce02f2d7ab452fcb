// What of a formula can be seen at once from the numbers that stand there: which cell it picks, and whether a
// simple condition holds. Nothing is calculated that the engine calculates: it only decides what is told.

import { isOneCell } from "./formula.js";

/** @typedef {import("./formula.js").Area} Area */
/** @typedef {import("./reading.js").Reading} Reading */
/** @typedef {import("./wording.js").Known} Known */

export const COMPARED = new Map([
  ["=", "="],
  ["<>", "≠"],
  ["<", "<"],
  [">", ">"],
  ["<=", "≤"],
  [">=", "≥"],
]);
const OPPOSITE = new Map([
  ["=", "<>"],
  ["<>", "="],
  ["<", ">="],
  [">=", "<"],
  [">", "<="],
  ["<=", ">"],
]);

/** The cell that an INDEX picks by what its places hold now; null where that cannot be told.
 * @param {Reading} reading @param {Known} known @returns {Area | null} */
export function pickedBy(reading, known) {
  if (reading.kind !== "call" || reading.name !== "INDEX" || reading.parts[0]?.kind !== "area") return null;
  const { sheet, top, left, bottom, right } = reading.parts[0].area;
  const at = reading.parts.slice(1).map((part) => numberOf(part, known));
  const [i, j] = at.length > 1 ? at : top === bottom ? [1, at[0]] : [at[0], 1];
  if (i === null || j === null || i < 1 || j < 1 || top + i - 1 > bottom || left + j - 1 > right) return null;
  const [row, column] = [top + Math.trunc(i) - 1, left + Math.trunc(j) - 1];
  return { sheet, top: row, left: column, bottom: row, right: column };
}

/** The number that a place or a condition is made of, where it is simple enough to see at once.
 * @param {Reading} reading @param {Known} known @returns {number | null} */
export function numberOf(reading, known) {
  const value = valueOf(reading, known);
  return value === null || value === "" ? 0 : typeof value === "number" ? value : null;
}

/** @param {Reading} reading @param {Known} known @returns {any} undefined where it is not simple */
function valueOf(reading, known) {
  if (reading.kind === "number" || reading.kind === "text" || reading.kind === "truth") return reading.value;
  if (reading.kind === "area") return isOneCell(reading.area) ? known.value(reading.area) : undefined;
  if (reading.kind === "count") return countOf(reading);
  if (reading.kind === "call" && reading.name === "INDEX") {
    const picked = pickedBy(reading, known);
    return picked ? known.value(picked) : undefined;
  }
  if (reading.kind !== "sum") return undefined;
  return reading.terms.reduce((/** @type {number | undefined} */ sum, { minus, of }) => {
    const term = numberOf(of, known);
    return sum === undefined || term === null ? undefined : sum + (minus ? -term : term);
  }, 0);
}

/** @param {Extract<Reading, {kind: "count"}>} reading */
export function countOf({ of, axis }) {
  if (of.kind !== "area") return undefined;
  return axis === "rows" ? of.area.bottom - of.area.top + 1 : of.area.right - of.area.left + 1;
}

/** Whether a condition holds; undefined where that is not to be seen at once.
 * @param {Reading} reading @param {Known} known @returns {boolean | undefined} */
export function holds(reading, known) {
  if (reading.kind === "call" && (reading.name === "AND" || reading.name === "OR")) {
    const found = reading.parts.map((part) => holds(part, known));
    if (found.includes(undefined)) return undefined;
    return reading.name === "AND" ? found.every(Boolean) : found.some(Boolean);
  }
  if (reading.kind !== "pair" || !COMPARED.has(reading.sign)) {
    const value = valueOf(reading, known);
    return typeof value === "boolean" ? value : undefined;
  }
  const pair = [reading.left, reading.right].map((part) => valueOf(part, known));
  return pair.some((value) => value === undefined || value?.error)
    ? undefined
    : isSo(reading.sign, pair[0], pair[1]);
}

/** @param {string} sign @param {any} left @param {any} right */
function isSo(sign, left, right) {
  const like = (/** @type {any} */ value, /** @type {any} */ other) =>
    value === null
      ? typeof other === "string"
        ? ""
        : 0
      : typeof value === "string"
        ? value.toLowerCase()
        : value;
  const [a, b] = [like(left, right), like(right, left)];
  if (typeof a !== typeof b) return sign === "<>" ? true : sign === "=" ? false : undefined;
  const order = a < b ? "<" : a > b ? ">" : "=";
  return sign === "<>" ? order !== "=" : sign.includes(order);
}

/** @param {Reading} reading @returns {Reading} */
export function oppositeOf(reading) {
  const sign = reading.kind === "pair" ? OPPOSITE.get(reading.sign) : undefined;
  if (sign) return { .../** @type {any} */ (reading), sign };
  if (reading.kind === "call" && (reading.name === "OR" || reading.name === "AND")) {
    return {
      kind: "call",
      name: reading.name === "OR" ? "AND" : "OR",
      parts: /** @type {any[]} */ (reading.parts.map(oppositeOf)),
    };
  }
  return { kind: "call", name: "NOT", parts: [/** @type {any} */ (reading)] };
}
