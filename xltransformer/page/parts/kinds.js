// Readings of certain kinds, which are told in words of their own.

import { isSameArea } from "./formula.js";
import { isLine } from "./reading.js";

/** @typedef {import("./formula.js").Area} Area */
/** @typedef {import("./reading.js").Reading} Reading */

/** @param {Area} left @param {Area} right @returns {Reading} */
export function timesOf(left, right) {
  return { kind: "pair", sign: "*", left: { kind: "area", area: left }, right: { kind: "area", area: right } };
}

/** Cells that follow one another as one area; else the first alone. @param {Area[]} cells @returns {Area} */
export function lineOf(cells) {
  const last = cells[cells.length - 1];
  return cells.length > 1 && isLine(cells) ? { ...cells[0], bottom: last.bottom, right: last.right } : cells[0];
}

/** SUM(a)/COLUMNS(a). @param {Reading} left @param {Reading} right
 * @returns {left is Extract<Reading, {kind: "call"}>} */
export function isMean(left, right) {
  if (left.kind !== "call" || left.name !== "SUM" || right.kind !== "count") return false;
  const [of] = left.parts;
  return of.kind === "area" && right.of.kind === "area" && isSameArea(of.area, right.of.area);
}

/** @param {Reading} reading */
export function isRow(reading) {
  return reading.kind === "area" && reading.area.top === reading.area.bottom;
}

/** @param {Reading} reading */
export function isFixed(reading) {
  return reading.kind === "number" || reading.kind === "text" || reading.kind === "endless";
}

/** @param {Reading} reading */
export function isIf(reading) {
  return reading.kind === "call" && reading.name === "IF";
}

/** Whether it only asks whether something is 0 or empty. @param {Reading} reading */
export function isGuard(reading) {
  if (reading.kind !== "pair" || reading.sign !== "=") return false;
  const { right } = reading;
  return (right.kind === "number" && right.value === 0) || (right.kind === "text" && right.value === "");
}
