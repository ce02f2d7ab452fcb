// Numbers on the page: which one an element shows, what its formula is, and where one can go to see it.

import { keyNamed, placeOf } from "./cells.js";
import { elementsAt, keyOfElement } from "./drawings.js";
import { goTo } from "./going.js";
import { keyOfEntry, page } from "./live.js";
import { setStop, stopOf } from "./moving.js";

/** @typedef {import("./naming.js").Naming} Naming */

/** Texts and names in a formula, and the signs that the engine puts before what gives one value: they stand in no
 * cell of ours. */
const WRITTEN = /"(?:[^"]|"")*"|'(?:[^']|'')*'|@/g;
const NUMBERS = "table[data-at] tbody td, span.cell[data-at], [data-cell][data-digits]";

/** The formula of a cell as in the sheet, and of an array formula which of its cells this is: cells of one row,
 * which all have the same one. @param {number} key @param {number} first the first cell that may be one of them
 * @returns {Promise<{code: string, cell: [number, number] | null}>} */
export async function formulaAt(key, first) {
  const whole = await page.formula(key);
  const code = whole.replace(WRITTEN, (part) => (part === "@" ? "" : part));
  if (!code.startsWith("{")) return { code, cell: null };
  let [low, high] = [first, key];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await page.formula(middle)) === whole) high = middle;
    else low = middle + 1;
  }
  return { code: code.slice(1, -1), cell: [0, key - low] };
}

/** Where a block stands: its sheet, or on the same sheet the number of its step, with which the heading begins.
 * @param {string} block @param {number} own the sheet from which it is seen */
export function whereIs(block, own) {
  const { panel, at } = page.outline.blocks[block];
  if (at[0] !== own) return page.outline.sheets[at[0]] ?? "";
  const heading = document.getElementById(panel ?? "")?.querySelector("h3")?.textContent ?? "";
  return /^[\d.]+/.exec(heading)?.[0] ?? "";
}

/** @param {Naming} naming @param {Element} element a table or a single cell */
export function addDrawing(naming, element) {
  const { of, at, turned, entry } = /** @type {HTMLElement} */ (element).dataset;
  const [sheet, row, column] = placeOf(/** @type {number} */ (keyNamed(at ?? "")));
  const place = { block: of ?? "", sheet, row, column, turned: turned !== undefined };
  if (element.tagName === "TABLE") naming.add(place);
  else naming.add(place, /** @type {[number, number]} */ ((entry ?? "0,0").split(",").map(Number)));
}

/** The cell of a number in which something lies; null where it is none. @param {EventTarget | null} target
 * @returns {HTMLElement | null} */
export function numberAt(target) {
  return target instanceof Element ? target.closest(NUMBERS) : null;
}

/** @param {EventTarget | null} target */
export function isField(target) {
  return target instanceof Element && target.matches("input, select, button, a");
}

/** Whether someone marks its text, as one does to copy it. @param {Element} cell */
export function isMarked(cell) {
  const marked = getSelection();
  return marked !== null && !marked.isCollapsed && cell.contains(marked.anchorNode);
}

/** The key of a number: of an entry of a block that of its home. @param {HTMLElement} cell @returns {number} */
export function keyOfNumber(cell) {
  const { block, row, column } = cell.dataset;
  const drawn = /** @type {number} */ (keyOfElement(cell));
  if (block === undefined || !page.outline.blocks[block]) return drawn;
  const isSecret = page.outline.secret?.includes(page.outline.blocks[block].at[0]);
  return isSecret ? drawn : keyOfEntry(block, Number(row) - 1, Number(column) - 1);
}

/** Where a cell is shown that one can go to. @param {number} key @returns {HTMLElement | null} */
export function homeOf(key) {
  const shown = elementsAt(key).filter((element) => element.matches(NUMBERS));
  return (
    /** @type {HTMLElement | undefined} */ (shown.find((element) => element.closest("#steps")) ?? shown[0]) ?? null
  );
}

/** Bring an element into view and give it the focus; on a screen to touch, a field would call the keyboard up.
 * @param {HTMLElement} element */
export function showElement(element) {
  element.closest("details:not([open])")?.setAttribute("open", "");
  goTo(element, "center");
  const stop = matchMedia("(pointer: coarse)").matches ? element : stopOf(element);
  if (stop === element) element.setAttribute("tabindex", element.closest("[data-edit]") ? "-1" : "0");
  stop.focus({ preventScroll: true });
  if (stop === element) setStop(element);
}
