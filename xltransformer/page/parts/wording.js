// Readings of formulas (reading.js) as a line to read: in words, with the names of what they refer to, or with the
// numbers put in. Long ones are shortened.

import { cellsOf, isOneCell } from "./formula.js";
import { isFixed, isGuard, isIf, isMean, isRow, lineOf, timesOf } from "./kinds.js";
import { entriesIn, entryOf } from "./reading.js";
import { COMPARED, countOf, holds, numberOf, oppositeOf, pickedBy } from "./seeing.js";

/** @typedef {import("./formula.js").Area} Area */
/** @typedef {import("./reading.js").Reading} Reading */
/**
 * What a line needs to know.
 * @typedef {object} Known
 * @property {(area: Area) => string} name what stands in an area, in the reader's words
 * @property {(area: Area) => string} whole the name of that of which an area is a part
 * @property {(area: Area) => any} value what a cell holds: a number, text, truth, null or {error}
 * @property {any} result what the cell of the formula holds
 * @property {(value: number, area: Area) => string} shown a number as its cell shows it
 * @property {(key: string, parts?: Object<string, unknown>) => string} say a text of the page
 */
/** @typedef {{text: string, strength: number}} Line a text, and how strongly it holds together */

const [SENTENCE, COMPARISON, JOINED, SUM, PRODUCT, POWER, SINGLE] = [0, 1, 2, 3, 4, 5, 6];
/** Of more terms than these the first ones are told, and the last. */
const MOST_TERMS_TOLD = 6;
const FIRST_TERMS = 3;
const MOST_CHARACTERS = 420;
const MASKED_BELOW = -1e29;
const PLAIN_NAMES = new Map([
  ["EXP", "exp"],
  ["TANH", "tanh"],
  ["SIN", "sin"],
  ["COS", "cos"],
  ["LN", "ln"],
  ["LOG10", "log₁₀"],
  ["NORMSDIST", "Φ"],
]);
/** Functions whose sense is a text of the page, with the names of its parts. */
const SAID_AS = new Map(
  Object.entries({
    MIN: ["smallest", "of"],
    MAX: ["largest", "of"],
    SMALL: ["ranked_up", "of", "rank"],
    LARGE: ["ranked_down", "of", "rank"],
    SUMSQ: ["squares", "of"],
    INT: ["whole", "of"],
    MOD: ["rest", "of", "by"],
    ROUND: ["rounded", "of"],
    MATCH: ["place", "what", "of"],
    ROW: ["row_number", "of"],
    COLUMN: ["column_number", "of"],
    NOT: ["not", "of"],
    ISNUMBER: ["is_number", "of"],
    ISTEXT: ["is_text", "of"],
    ISBLANK: ["is_blank", "of"],
    ISERROR: ["is_error", "of"],
    ISLOGICAL: ["is_logical", "of"],
  }),
);

/** A formula in words. @param {Reading} reading @param {Known} known */
export function inWords(reading, known) {
  return new Wording(known, false).whole(reading);
}

/** A formula with the numbers put in, what they make, and why it is these where a condition decides; "" where
 * there
 * is nothing to put in. @param {Reading} reading @param {Known} known
 * @param {string} result what the cell shows */
export function withNumbers(reading, known, result) {
  const wording = new Wording(known, true);
  const text = wording.whole(reading);
  const isSame =
    text === result || (text !== "" && Number(text.replace("−", "-")) === Number(result.replace("−", "-")));
  if (isSame && !wording.because.length) return "";
  const line = isSame ? `= ${result}` : `= ${text} = ${result}`;
  return wording.because.reduce((value, condition) => known.say("origin_since", { value, condition }), line);
}

/** @param {string} text */
function shortened(text) {
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS).replace(/\s+\S*$/, "")} …` : text;
}

class Wording {
  /** @param {Known} known @param {boolean} numbers whether numbers are put in */
  constructor(known, numbers) {
    this.known = known;
    this.numbers = numbers;
    /** How many terms the longest row of them has of which some are left out. */
    this.most = 0;
    /** The conditions that decide what the whole line is. @type {string[]} */
    this.because = [];
  }

  /** A reading as a line of its own. @param {Reading} reading */
  whole(reading) {
    const text = shortened(this.line(reading, true).text);
    return this.most ? `${text} ${this.say("terms", { count: this.most })}` : text;
  }

  /** @param {string} key @param {Object<string, unknown>} [parts] */
  say(key, parts) {
    return this.known.say(`origin_${key}`, parts);
  }

  /** @param {Reading} reading @param {boolean} [outer] whether it is the whole line @returns {Line} */
  line(reading, outer = false) {
    switch (reading.kind) {
      case "number":
        return numberLine(reading.text.startsWith("-") ? `−${reading.text.slice(1)}` : reading.text);
      case "text":
        return {
          text: reading.value === "" && outer ? this.say("nothing") : `“${reading.value}”`,
          strength: SINGLE,
        };
      case "truth":
        return { text: this.say(reading.value ? "true" : "false"), strength: SINGLE };
      case "endless":
        return { text: reading.minus ? "−∞" : "∞", strength: SINGLE };
      case "area":
        return this.area(reading.area);
      case "product":
        return this.product(reading);
      case "sum":
        return this.sum(reading.terms);
      case "negative":
        return { text: `−${this.inside(reading.of, PRODUCT)}`, strength: SUM };
      case "percent":
        return { text: `${this.inside(reading.of, POWER)} %`, strength: POWER };
      case "pair":
        return this.pair(reading);
      case "count":
        return this.count(reading);
      case "call":
        return this.call(reading, outer);
      default:
        return { text: reading.text, strength: SINGLE };
    }
  }

  /** A part's text, in brackets where it holds together less than it must. @param {Reading} reading
   * @param {number} least */
  inside(reading, least) {
    const { text, strength } = this.line(reading);
    return strength < least ? `(${text})` : text;
  }

  /** @param {Area} area @returns {Line} */
  area(area) {
    if (!this.numbers || !isOneCell(area)) return { text: this.known.name(area), strength: SINGLE };
    return this.value(area);
  }

  /** What a cell holds. @param {Area} area @returns {Line} */
  value(area) {
    const value = this.known.value(area);
    if (typeof value === "number") {
      return numberLine(value < MASKED_BELOW ? "−∞" : this.known.shown(value, area).replace(/^-/, "−"));
    }
    if (value?.error) return { text: value.error, strength: SINGLE };
    if (typeof value === "boolean") return { text: this.say(value ? "true" : "false"), strength: SINGLE };
    return { text: `“${value ?? ""}”`, strength: SINGLE };
  }

  /** @param {Extract<Reading, {kind: "product"}>} reading @returns {Line} */
  product({ left, right }) {
    if (this.numbers) {
      const terms = left.map((cell, k) => ({ minus: false, of: timesOf(cell, right[k]) }));
      return { text: this.added(terms), strength: terms.length > 1 ? SUM : PRODUCT };
    }
    return { text: [left, right].map((cells) => this.known.name(lineOf(cells))).join(" · "), strength: PRODUCT };
  }

  /** @param {import("./reading.js").Term[]} terms @returns {Line} */
  sum(terms) {
    return { text: this.added(terms), strength: SUM };
  }

  /** Terms with signs between them, of many the first ones and the last.
   * @param {import("./reading.js").Term[]} terms */
  added(terms) {
    const texts = terms.map(({ minus, of }, k) => {
      if (!isTold(k, terms.length)) return "";
      const line = this.line(of);
      const turns =
        line.text.startsWith("−") && line.strength === SUM && of.kind !== "sum" && of.kind !== "product" && k > 0;
      const text = turns
        ? line.text.slice(1)
        : line.strength < SUM + (minus ? 1 : 0)
          ? `(${line.text})`
          : line.text;
      const sign = minus !== turns ? "−" : "+";
      return k > 0 ? `${sign} ${text}` : minus ? `−${text}` : text;
    });
    return this.thinned(texts, "+ …").join(" ");
  }

  /** @param {Extract<Reading, {kind: "pair"}>} reading @returns {Line} */
  pair({ sign, left, right }) {
    if (COMPARED.has(sign)) {
      return {
        text: `${this.inside(left, JOINED)} ${COMPARED.get(sign)} ${this.inside(right, JOINED)}`,
        strength: COMPARISON,
      };
    }
    if (sign === "&")
      return { text: `${this.inside(left, JOINED)} & ${this.inside(right, SUM)}`, strength: JOINED };
    if (sign === "^") {
      const power = right.kind === "number" ? { 2: "²", 3: "³" }[right.value] : undefined;
      return { text: `${this.inside(left, SINGLE)}${power ?? `^${this.inside(right, SINGLE)}`}`, strength: POWER };
    }
    if (sign === "/" && isMean(left, right)) return this.mean(left.parts[0], right);
    const second = this.inside(right, sign === "/" ? POWER : PRODUCT);
    return { text: `${this.inside(left, PRODUCT)} ${sign === "/" ? "/" : "×"} ${second}`, strength: PRODUCT };
  }

  /** @param {Reading} of @param {Reading} count @returns {Line} */
  mean(of, count) {
    if (!this.numbers) return { text: this.say("mean", { of: this.line(of).text }), strength: PRODUCT };
    return { text: `(${this.terms(of).join(" ")}) / ${this.line(count).text}`, strength: PRODUCT };
  }

  /** @param {Extract<Reading, {kind: "count"}>} reading @returns {Line} */
  count(reading) {
    const count = countOf(reading);
    if (this.numbers && count !== undefined) return { text: String(count), strength: SINGLE };
    const of = reading.of.kind === "area" ? this.known.whole(reading.of.area) : this.line(reading.of).text;
    return { text: this.say(`${reading.axis}_of`, { of }), strength: PRODUCT };
  }

  /** @param {Extract<Reading, {kind: "call"}>} reading @param {boolean} outer @returns {Line} */
  call(reading, outer) {
    const { name, parts } = reading;
    const plain = PLAIN_NAMES.get(name);
    if (plain && parts.length === 1) return { text: `${plain}(${this.line(parts[0]).text})`, strength: SINGLE };
    switch (name) {
      case "SQRT":
        return { text: `√${this.inside(parts[0], SINGLE)}`, strength: POWER };
      case "ABS":
        return { text: `|${this.line(parts[0]).text}|`, strength: SINGLE };
      case "PI":
        return { text: "π", strength: SINGLE };
      case "IF":
        return this.either(parts, outer);
      case "IFERROR":
        return this.otherwise(parts, outer);
      case "AND":
      case "OR":
        return this.conditions(name, parts);
      case "INDEX":
        return this.entry(reading, outer);
      case "CHOOSE":
        return this.chosen(parts, outer);
      case "SUM":
      case "SUMPRODUCT":
        return this.total(name, parts[0]);
    }
    const said = SAID_AS.get(name);
    if (!said) return { text: `${name}(${this.listed(parts)})`, strength: SINGLE };
    const [key, ...names] = said;
    if (name === "ROUND")
      return this.numbers
        ? this.line(parts[0], outer)
        : { text: this.say(key, { of: this.inside(parts[0], POWER) }), strength: POWER };
    if (names.length > 1) {
      return {
        text: this.say(key, Object.fromEntries(names.map((part, k) => [part, this.operand(parts[k])]))),
        strength: SUM,
      };
    }
    if (parts.length === 2 && parts[1].kind === "number" && (name === "MAX" || name === "MIN"))
      return this.bounded(name, parts);
    const strength = parts.length > 1 ? SENTENCE : SUM;
    return { text: this.say(key, { [names[0]]: this.listed(parts) }), strength };
  }

  /** A part of a sentence; whole areas by their names. @param {Reading} part */
  operand(part) {
    return this.inside(part, PRODUCT);
  }

  /** Several conditions; of numbers only that which settles it. @param {string} name @param {Reading[]} parts
   * @returns {Line} */
  conditions(name, parts) {
    const settling = this.numbers ? parts.find((part) => holds(part, this.known) === (name === "OR")) : undefined;
    if (settling) return this.line(settling);
    const texts = parts.map((part) => this.inside(part, COMPARISON));
    return { text: this.thinned(texts, "…").join(` ${this.say(name.toLowerCase())} `), strength: SENTENCE };
  }

  /** A number that is no less, or no more, than another: told where that matters. @param {string} name
   * @param {Reading[]} parts @returns {Line} */
  bounded(name, [of, bound]) {
    const [value, limit] = [of, bound].map((part) => numberOf(part, this.known));
    if (this.numbers && value !== null && limit !== null && (name === "MAX" ? value >= limit : value <= limit))
      return this.line(of);
    const key = name === "MAX" ? "at_least" : "at_most";
    return {
      text: this.say(key, { of: this.inside(of, JOINED), bound: this.line(bound).text }),
      strength: SENTENCE,
    };
  }

  /** Of many texts the first ones and the last. @param {string[]} texts @param {string} between */
  thinned(texts, between) {
    if (texts.length <= MOST_TERMS_TOLD) return texts;
    this.most = Math.max(this.most, texts.length);
    return [...texts.slice(0, FIRST_TERMS), between, texts[texts.length - 1]];
  }

  /** Several parts, areas by their entries where numbers are put in. @param {Reading[]} parts */
  listed(parts) {
    const texts = parts.flatMap((part) => {
      if (!this.numbers || part.kind !== "area")
        return [parts.length > 1 ? this.inside(part, COMPARISON) : this.line(part).text];
      const cells = cellsOf(part.area);
      return this.thinned(
        cells.map((cell, k) => (isTold(k, cells.length) ? this.value(cell).text : "")),
        "…",
      );
    });
    return texts.join("; ");
  }

  /** Which of two it is: once it can be seen, that one and why. @param {Reading[]} parts @param {boolean} outer
   * @returns {Line} */
  either([condition, yes, no = { kind: "truth", value: false }], outer) {
    const so = this.numbers ? holds(condition, this.known) : undefined;
    if (so !== undefined) {
      const value = this.line(so ? yes : no, outer);
      if (!so && isGuard(condition)) return value;
      const because = this.line(so ? condition : oppositeOf(condition)).text;
      if (outer) this.because.push(because);
      return outer
        ? value
        : { text: this.say("since", { value: value.text, condition: because }), strength: SENTENCE };
    }
    const likely = this.numbers && outer ? this.byResult(yes, no) : null;
    if (likely) return this.line(likely, true);
    const said = {
      condition: this.line(condition).text,
      yes: this.choice(yes),
      no: isIf(no) ? this.line(no, true).text : this.choice(no),
    };
    return {
      text: this.say(isFixed(yes) && !isFixed(no) && !isIf(no) ? "guard" : "if", said),
      strength: SENTENCE,
    };
  }

  /** One of two that are told. @param {Reading} reading */
  choice(reading) {
    const { text, strength } = this.line(reading, true);
    return strength === SENTENCE ? `(${text})` : text;
  }

  /** Which of two it must be by what the cell holds; null where that tells nothing. @param {Reading} yes
   * @param {Reading} no */
  byResult(yes, no) {
    const { result } = this.known;
    const isNot = (/** @type {Reading} */ part) =>
      (part.kind === "number" || part.kind === "text") && part.value !== (result ?? "");
    return isNot(yes) ? no : isNot(no) ? yes : null;
  }

  /** @param {Reading[]} parts @param {boolean} outer @returns {Line} */
  otherwise([value, instead], outer) {
    if (this.numbers) return this.line(value, outer);
    const said = { value: this.line(value, outer).text, instead: this.line(instead, true).text };
    return { text: this.say("otherwise", said), strength: SENTENCE };
  }

  /** One entry of several, by its place. @param {Extract<Reading, {kind: "call"}>} reading @param {boolean} outer
   * @returns {Line} */
  entry(reading, outer) {
    const picked = pickedBy(reading, this.known);
    if (this.numbers && picked && !outer) return this.value(picked);
    const [of, ...at] = reading.parts;
    const places = isRow(of) && at.length === 2 && at[0].kind === "number" ? [at[1]] : at;
    const [row, column] = places.map((part) => this.inside(part, SINGLE));
    const key = places.length > 1 ? "entry_at" : "entry";
    return { text: this.say(key, { row, column, index: row, of: this.line(of).text }), strength: SUM };
  }

  /** @param {Reading[]} parts @param {boolean} outer @returns {Line} */
  chosen([index, ...others], outer) {
    const place = this.numbers ? numberOf(index, this.known) : null;
    if (place !== null && others[place - 1]) return this.line(others[place - 1], outer);
    return {
      text: this.say("chosen", { index: this.line(index).text, of: this.listed(others) }),
      strength: SENTENCE,
    };
  }

  /** The sum over an area, or over what is made of areas entry by entry. @param {string} name @param {Reading} of
   * @returns {Line} */
  total(name, of) {
    if (of.kind === "pair" && COMPARED.has(of.sign)) {
      return { text: this.say("how_often", { of: this.line(of).text }), strength: COMPARISON };
    }
    const count = entriesIn(of);
    if (count < 2)
      return count && name === "SUM"
        ? this.line(of)
        : { text: this.say("sum", { of: this.line(of).text }), strength: SUM };
    if (this.numbers) return { text: this.terms(of).join(" "), strength: SUM };
    return { text: this.say("sum", { of: this.line(of).text }), strength: SUM };
  }

  /** The terms of a sum over areas, with their signs. @param {Reading} of */
  terms(of) {
    const count = Math.max(entriesIn(of), 1);
    const terms = Array.from({ length: count }, (_, k) => ({
      minus: false,
      of: isTold(k, count) ? entryOf(of, k) : of,
    }));
    return [this.added(terms)];
  }
}

/** @param {string} text @returns {Line} */
function numberLine(text) {
  return { text, strength: text.startsWith("−") ? SUM : SINGLE };
}

/** @param {number} k @param {number} count whether the k-th of so many is told */
function isTold(k, count) {
  return count <= MOST_TERMS_TOLD || k < FIRST_TERMS || k === count - 1;
}
