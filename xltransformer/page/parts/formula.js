// Spreadsheet formulas as trees: read once, then told in words (wording.js) or searched for what they refer to.

/** @typedef {{sheet: string | null, top: number, left: number, bottom: number, right: number}} Area
 * A rectangle of cells, from 0, its last row and column included; sheet is null where it is the formula's own. */

/**
 * @typedef {{kind: "number", value: number, text: string} | {kind: "text", value: string} |
 *   {kind: "truth", value: boolean} | {kind: "area", area: Area} | {kind: "other", text: string} |
 *   {kind: "negative", of: Formula} | {kind: "percent", of: Formula} |
 *   {kind: "pair", sign: string, left: Formula, right: Formula} |
 *   {kind: "call", name: string, parts: Formula[]}} Formula
 */

/** @typedef {{kind: string, text: string}} Token */

const SHEET = String.raw`(?:'(?:[^']|'')+'|[\p{L}_][\p{L}\p{N}_.]*)`;
const ADDRESS = String.raw`\$?[A-Z]{1,3}\$?\d+`;
const TOKEN_KINDS = Object.entries({
  space: /[\s@]+/y,
  text: /"(?:[^"]|"")*"/y,
  area: new RegExp(`(?:${SHEET}!)?${ADDRESS}(?::${ADDRESS})?(?![\\p{L}\\p{N}_(.!])`, "uy"),
  number: /(?:\d+\.?\d*|\.\d+)(?:E[+-]?\d+)?/iy,
  error: /#[A-Z0-9/]+[!?]?/y,
  call: /[A-Z_][A-Z0-9_.]*(?=\()/y,
  word: /(?:'(?:[^']|'')+'!)?[\p{L}_][\p{L}\p{N}_.!]*/uy,
  sign: /<>|<=|>=|[-+*/^&=<>%(),;{}]/y,
});

/** @param {string} text @returns {Token[]} */
function tokensOf(text) {
  const tokens = [];
  let at = 0;
  while (at < text.length) {
    const found = TOKEN_KINDS.map(([kind, pattern]) => {
      pattern.lastIndex = at;
      return { kind, text: pattern.exec(text)?.[0] ?? "" };
    }).find((token) => token.text);
    if (!found) throw new SyntaxError(`no formula: ${text.slice(at, at + 20)}`);
    if (found.kind !== "space") tokens.push(found);
    at += found.text.length;
  }
  return tokens;
}

/** Signs from those that bind least; of equal ones the left goes first. */
const SIGNS_BY_STRENGTH = [["=", "<>", "<", ">", "<=", ">="], ["&"], ["+", "-"], ["*", "/"], ["^"]];

/** The tree of a formula, with or without its "="; a SyntaxError where it is none.
 * @param {string} text @returns {Formula} */
export function parseFormula(text) {
  const tokens = tokensOf(text.replace(/^\{=(.*)\}$/s, "$1").replace(/^=/, ""));
  let at = 0;

  /** @param {string} sign */
  const follows = (sign) => tokens[at]?.kind === "sign" && tokens[at].text === sign && ++at > 0;

  /** @param {string} sign */
  function expectSign(sign) {
    if (!follows(sign)) throw new SyntaxError(`${sign} is missing in ${text}`);
  }

  /** @param {number} strength @returns {Formula} */
  function pairs(strength) {
    if (strength === SIGNS_BY_STRENGTH.length) return signed();
    let left = pairs(strength + 1);
    while (tokens[at]?.kind === "sign" && SIGNS_BY_STRENGTH[strength].includes(tokens[at].text)) {
      const sign = tokens[at++].text;
      left = { kind: "pair", sign, left, right: pairs(strength + 1) };
    }
    return left;
  }

  /** A minus binds more than a power does: -2^2 is 4. @returns {Formula} */
  function signed() {
    if (follows("-")) return { kind: "negative", of: signed() };
    if (follows("+")) return signed();
    let inside = single();
    while (follows("%")) inside = { kind: "percent", of: inside };
    return inside;
  }

  /** @returns {Formula} */
  function single() {
    if (follows("(")) {
      const inside = pairs(0);
      expectSign(")");
      return inside;
    }
    if (follows("{")) return { kind: "call", name: "{}", parts: partsUpTo("}") };
    const token = tokens[at++];
    if (!token || token.kind === "sign") throw new SyntaxError(`something is missing in ${text}`);
    if (token.kind !== "call") return leafOf(token);
    expectSign("(");
    return { kind: "call", name: token.text.replace(/^_xlfn\.(_xlws\.)?/i, ""), parts: partsUpTo(")") };
  }

  /** @param {string} end @returns {Formula[]} */
  function partsUpTo(end) {
    const parts = [];
    while (!follows(end)) {
      if (parts.length && !follows(",")) expectSign(";");
      const empty = tokens[at]?.text === "," || tokens[at]?.text === end;
      parts.push(empty ? leafOf({ kind: "word", text: "" }) : pairs(0));
    }
    return parts;
  }

  const whole = pairs(0);
  if (at < tokens.length) throw new SyntaxError(`${tokens[at].text} is too much in ${text}`);
  return whole;
}

/** @param {Token} token @returns {Formula} */
function leafOf({ kind, text }) {
  if (kind === "number") return { kind: "number", value: Number(text), text };
  if (kind === "text") return { kind: "text", value: text.slice(1, -1).replaceAll('""', '"') };
  if (kind === "area") return { kind: "area", area: areaOf(text) };
  if (/^(TRUE|FALSE)$/.test(text)) return { kind: "truth", value: text === "TRUE" };
  return { kind: "other", text };
}

/** @param {string} text such as 'Step 1'!$C$5:D9 @returns {Area} */
function areaOf(text) {
  const cut = text.lastIndexOf("!");
  const sheet =
    cut < 0
      ? null
      : text
          .slice(0, cut)
          .replace(/^'(.*)'$/s, "$1")
          .replaceAll("''", "'");
  const [first, last = first] = text
    .slice(cut + 1)
    .replaceAll("$", "")
    .split(":");
  const ends = [first, last].map((address) => {
    const [, letters, row] = /** @type {RegExpExecArray} */ (/^([A-Z]+)(\d+)$/.exec(address));
    const column = [...letters].reduce((sum, letter) => sum * 26 + letter.charCodeAt(0) - 64, 0);
    return { row: Number(row) - 1, column: column - 1 };
  });
  const [rows, columns] = [ends.map((end) => end.row), ends.map((end) => end.column)];
  return {
    sheet,
    top: Math.min(...rows),
    left: Math.min(...columns),
    bottom: Math.max(...rows),
    right: Math.max(...columns),
  };
}

/** `A` for column 0, `AA` for column 26. @param {number} column @returns {string} */
export function columnLetters(column) {
  const rest = String.fromCharCode(65 + (column % 26));
  return column < 26 ? rest : columnLetters(Math.floor(column / 26) - 1) + rest;
}

/** `C5` or `C5:D9`, without the sheet. @param {Area} area */
export function addressOf({ top, left, bottom, right }) {
  const first = `${columnLetters(left)}${top + 1}`;
  return top === bottom && left === right ? first : `${first}:${columnLetters(right)}${bottom + 1}`;
}

/** Whether it is one cell. @param {Area} area */
export function isOneCell({ top, left, bottom, right }) {
  return top === bottom && left === right;
}

/** @param {Area} area @param {Area} other */
export function isSameArea(area, other) {
  return area.sheet === other.sheet && addressOf(area) === addressOf(other);
}

/** The cells of an area, row by row. @param {Area} area @returns {Area[]} */
export function cellsOf({ sheet, top, left, bottom, right }) {
  const cells = [];
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      cells.push({ sheet, top: row, left: column, bottom: row, right: column });
    }
  }
  return cells;
}

/** What a formula refers to, in its order, each once. @param {Formula} formula @returns {Area[]} */
export function areasIn(formula) {
  /** @type {Map<string, Area>} */
  const found = new Map();
  walkFormula(formula, (part) => {
    if (part.kind === "area") found.set(`${part.area.sheet ?? ""}!${addressOf(part.area)}`, part.area);
  });
  return [...found.values()];
}

/** Calls `visit` with each part of a formula, in the formula's order.
 * @param {Formula} formula @param {(part: Formula) => void} visit */
export function walkFormula(formula, visit) {
  visit(formula);
  const inside =
    formula.kind === "call"
      ? formula.parts
      : formula.kind === "pair"
        ? [formula.left, formula.right]
        : formula.kind === "negative" || formula.kind === "percent"
          ? [formula.of]
          : [];
  for (const part of inside) walkFormula(part, visit);
}
