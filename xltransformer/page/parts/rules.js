/**
 * What may stand in a cell to edit: how a spreadsheet takes what is typed, and whether it is usable there. The
 * same as `inputs.py`, against which a test holds it.
 *
 * @typedef {{kind: "number" | "positive" | "between" | "word" | "switch", low?: number, high?: number}} Rule
 */

import { inFull, isError } from "./cells.js";

const LARGEST = 1e100;
const LARGEST_IN_TEXT = 1e9;
const DECIMALS_IN_TEXT = 4;
/** What a formula shows that went wrong. */
const ERRORS = new Set([
  "#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#ERROR!", "#CIRC!", "#SPILL!", "#CALC!",
]);
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?(%?)$/i;
const DATE = /^(\d{4})[-/](\d{1,2})[-/](\d{1,2})$/;
const DAY = 86400000;

/** @param {Value} value */
const isNumber = (value) => typeof value === "number";

/** @param {number} value */
function isSpelledDifferently(value) {
  if (!isNumber(value)) return false;
  if (value === 0) return Object.is(value, -0);
  const size = Math.abs(value);
  const exact = size >= 10 ** -DECIMALS_IN_TEXT && size < LARGEST_IN_TEXT;
  return !(exact && value === Number(value.toFixed(DECIMALS_IN_TEXT)));
}

/**
 * By the name of what is told, whether a value breaks the rule.
 * @type {Object<string, function(Value, Rule): boolean>}
 */
const BREAKS = {
  error: (value) => isError(value),
  no_number: (value) => value !== null && !isNumber(value),
  too_large: (value) => value !== null && !(Math.abs(value) <= LARGEST),
  empty: (value) => value === null,
  not_above_0: (value) => value <= 0,
  too_near_0: (value) => value < 1 / LARGEST,
  no_word: (value) => typeof value === "boolean",
  spelled_differently: (value) => isSpelledDifferently(value),
  outside: (value, rule) => !(rule.low <= (value || 0) && (value || 0) <= rule.high),
};

/** The rules of each kind in the order in which they are asked: the first that is broken is told. */
const RULES_ASKED = {
  number: ["error", "no_number", "too_large"],
  positive: ["error", "empty", "no_number", "too_large", "not_above_0", "too_near_0"],
  between: ["error", "no_number", "too_large", "outside"],
  word: ["error", "no_word", "spelled_differently"],
  switch: ["error", "spelled_differently"],
};

/**
 * Why a value is not usable, by name; nothing where it is.
 * @param {Rule} rule @param {Value} value
 */
export function whyUnusable(rule, value) {
  return RULES_ASKED[rule.kind].find((name) => BREAKS[name](value, rule)) ?? "";
}

/**
 * What a spreadsheet takes a typed text for where a number belongs: a number, a date as its days, TRUE, an error,
 * or else a text, as what is too large for any number.
 * @param {string} typed @returns {Value}
 */
export function takenForNumber(typed) {
  const text = typed.normalize("NFKC").replace("−", "-").trim();
  if (text === "") return null;
  const number = numberWritten(text);
  if (number !== null) return Number.isFinite(number) ? number || 0 : typed;
  const upper = text.toUpperCase();
  if (upper === "TRUE" || upper === "FALSE") return upper === "TRUE";
  if (ERRORS.has(upper)) return { error: upper };
  return daysOf(DATE.exec(text)) ?? typed;
}

/** The number that a text is, infinite where no number is so large. @param {string} text @returns {?number} */
export function numberWritten(text) {
  const number = NUMBER.exec(text);
  if (!number) return null;
  return number[3] ? Number(text.slice(0, -1)) / 100 : Number(text);
}

/** A date's number of days, as sheets count them. @param {?RegExpExecArray} date @returns {?number} */
function daysOf(date) {
  if (!date) return null;
  const [year, month, day] = date.slice(1).map(Number);
  const time = Date.UTC(year, month - 1, day);
  const exists = new Date(time).getUTCMonth() === month - 1 && new Date(time).getUTCDate() === day;
  return exists && year >= 1901 ? Math.round(time / DAY) + 25569 : null;
}

/**
 * What a typed text is where a text belongs. A number counts as the text that it is written as, TRUE as no word,
 * and what is one of the texts that are looked for as that.
 * @param {string} typed @param {function(string): boolean} isKnown @returns {Value}
 */
export function takenForText(typed, isKnown) {
  if (typed === "" || isKnown(typed)) return typed || null;
  const text = typed.trim();
  if (text === "" || isKnown(text)) return text || null;
  if (text === "TRUE" || text === "FALSE") return text === "TRUE";
  if (ERRORS.has(text)) return { error: text };
  const number = text.endsWith("%") ? null : numberWritten(text);
  if (number === null || !Number.isFinite(number)) return typed;
  return isSpelledDifferently(number) ? number : String(number);
}

/** A text as words are compared: but for the case of letters. @param {Value} word */
export function wordKey(word) {
  return inFull(word).toLowerCase();
}
