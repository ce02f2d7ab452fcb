/**
 * Cells: how they are numbered, and how a value shows in one, as the sheet's formats show it.
 *
 * @typedef {{error: string}} CellError
 * @typedef {number | string | boolean | null | CellError} Value  null: an empty cell
 * @typedef {{digits: string, before: string, after: string, zero: ?string, others: ?string}} Format
 */

const ROWS = 1048576;
const COLUMNS = 16384;
/** What is less shows as minus infinity: a score that is masked. */
export const SEEN = -1e29;
/** From which size on a number shows by its first digits. */
const TOO_WIDE = 1e12;

/**
 * A cell as one number.
 * @param {number} sheet @param {number} row @param {number} column  all from 0
 */
export function keyOf(sheet, row, column) {
  return (sheet * ROWS + row) * COLUMNS + column;
}

/**
 * The sheet, row and column of a cell's number, from 0.
 * @param {number} key @returns {[number, number, number]}
 */
export function placeOf(key) {
  const above = Math.floor(key / COLUMNS);
  return [Math.floor(above / ROWS), above % ROWS, key % COLUMNS];
}

/** @param {?string} text  a cell as elements name it: `2,7,3` @returns {?number} */
export function keyNamed(text) {
  const [sheet, row, column] = (text || "").split(",").map(Number);
  return column >= 0 ? keyOf(sheet, row, column) : null;
}

/** @param {Value} value @returns {value is CellError} */
export function isError(value) {
  return typeof value === "object" && value !== null;
}

/** A value with all of its digits, as `data-value` and fields hold it. @param {Value} value */
export function inFull(value) {
  if (typeof value === "number") return value === 0 ? "0" : String(value);
  if (value === null || value === undefined) return "";
  if (isError(value)) return value.error;
  return typeof value === "boolean" ? String(value).toUpperCase() : value;
}

/** What an element says of how its numbers show. @param {HTMLElement} element @returns {Format} */
export function formatOf(element) {
  const { digits = "general", before = "", after = "", zero = null, others = null } = element.dataset;
  return { digits, before, after, zero, others };
}

/** What a cell shows of its value. @param {Value} value @param {Format} format */
export function asShown(value, format) {
  if (typeof value !== "number") return inFull(value);
  if (value === 0 && format.zero !== null) return format.zero;
  if (format.others !== null) return format.others;
  return format.before + digitsOf(value, format.digits) + format.after;
}

/** @param {number} value @param {string} digits */
function digitsOf(value, digits) {
  if (value < SEEN) return "−∞";
  const [kind, count] = [digits[0], Number(digits.slice(1))];
  if (kind === "e") return value.toExponential(count).toUpperCase().replace(/([+-])(\d)$/, "$10$2");
  if (kind === ",") return inThousands(fixedTo(value, count));
  if (kind === "%") return `${value > 0 ? "+" : ""}${fixedTo(100 * value, count)}%`;
  if (digits === "large" || (digits !== "general" && Math.abs(value) >= TOO_WIDE)) {
    return value.toExponential(2).toUpperCase();
  }
  return digits === "general" ? inGeneral(value) : fixedTo(value, Number(digits));
}

/** A number with its thousands set apart. @param {string} number */
function inThousands(number) {
  const [whole, ...part] = number.split(".");
  return [whole.replace(/\B(?=(\d{3})+$)/g, ","), ...part].join(".");
}

/** As many digits as a number has, up to twelve. @param {number} value */
function inGeneral(value) {
  const rounded = Number(value.toPrecision(12));
  const size = Math.abs(rounded);
  if (size === 0) return "0";
  if (size >= 1e-4 && size < 1e12) return String(rounded);
  return rounded.toExponential().replace(/([+-])(\d)$/, "$10$2");
}

/** Whether a number, as it is written, ends in a 5 right behind so many decimals. */
function isHalf(value, decimals) {
  const scaled = Math.abs(value) * 10 ** decimals;
  if (Math.abs((scaled % 1) - 0.5) > 1e-6) return false; // most numbers, which are not written for this
  const written = String(value);
  const point = written.indexOf(".");
  return point >= 0 && written.length - point === decimals + 2 && written.endsWith("5");
}

/**
 * A number with so many decimals; halves go away from zero as they are written, as in sheets (1.005 is 1.01,
 * though the nearest binary number is a little less); what rounds to nothing has no sign.
 * @param {number} value @param {number} decimals
 */
export function fixedTo(value, decimals) {
  const text = (isHalf(value, decimals) ? value * (1 + 1e-15) : value).toFixed(decimals);
  return text.startsWith("-") && !/[1-9]/.test(text) ? text.slice(1) : text;
}

/**
 * The value of which a text was made that stands on the page: as exact as that is.
 * @param {string} text @param {Format} format @param {boolean} isText  whether the cell holds texts
 * @returns {Value}
 */
export function valueShown(text, format, isText) {
  if (text === "") return null;
  if (isText) return text;
  if (text === format.zero) return 0;
  const number = text.slice(format.before.length, text.length - format.after.length).replace("−", "-");
  if (number === "-∞") return -1e30;
  return number !== "" && Number.isFinite(Number(number)) ? Number(number) : text;
}
