// Moving among the cells of a table from the keyboard: each table is one stop of the tab key, and arrows lead on.

/** What can be moved among. */
const TABLES = "table[data-at]";
/** In which of them the fields are one stop as well, where there are more than so many. */
const ONE_STOP = new Set(["input", "weight"]);
const MOST_STOPS = 12;
const STEPS = new Map([
  ["ArrowUp", [-1, 0]],
  ["ArrowDown", [1, 0]],
  ["ArrowLeft", [0, -1]],
  ["ArrowRight", [0, 1]],
]);

/** Make each table one stop, and have arrows lead from cell to cell. */
export function startMoving() {
  for (const table of document.querySelectorAll(TABLES)) setStop(firstCell(table));
  document.addEventListener("keydown", moveOn);
  document.addEventListener("focusin", ({ target }) => {
    const cell = target instanceof Element ? target.closest(`${TABLES} > tbody td`) : null;
    if (cell) setStop(cell);
  });
}

/** @param {Element} table */
function firstCell(table) {
  return table.querySelector("tbody td");
}

/** What takes the focus for a cell: its field, or itself. @param {Element} cell @returns {HTMLElement} */
export function stopOf(cell) {
  return cell.querySelector("input, select") ?? /** @type {HTMLElement} */ (cell);
}

/** Make one stop of a table of many fields, too: one would have to pass them all.
 * @param {HTMLTableElement} table */
export function keepOneStop(table) {
  if (!ONE_STOP.has(table.dataset.edit ?? "")) return;
  const stops = table.querySelectorAll("tbody input, tbody select");
  if (stops.length > MOST_STOPS) stops.forEach((stop, k) => stop.setAttribute("tabindex", k === 0 ? "0" : "-1"));
}

/** Make a cell the one of its table that the tab key reaches. @param {Element | null} cell */
export function setStop(cell) {
  if (!cell) return;
  const table = cell.closest(TABLES);
  const stop = stopOf(cell);
  if (stop !== cell && !stop.hasAttribute("tabindex")) return; // each field is a stop here
  if (stop === cell && table?.hasAttribute("data-edit")) return;
  const before = table?.querySelector('tbody [tabindex="0"]');
  if (before && before !== stop) before.setAttribute("tabindex", "-1");
  stop.setAttribute("tabindex", "0");
}

/** @param {KeyboardEvent} event */
function moveOn(event) {
  const { target, key } = event;
  if (!(target instanceof HTMLElement) || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return;
  const cell = target.closest(`${TABLES} > tbody td`);
  if (!cell || event.defaultPrevented || event.isComposing || !leaves(target, key)) return;
  const next = nextCell(cell, key);
  if (!next) return;
  event.preventDefault();
  if (next === cell) return;
  setStop(next);
  stopOf(next).focus();
}

/** Whether a key leads on from where the focus is: in a field, sideways only from the ends of its text.
 * @param {HTMLElement} target @param {string} key */
function leaves(target, key) {
  if (target instanceof HTMLSelectElement) return false;
  if (!(target instanceof HTMLInputElement)) return true;
  if (key === "ArrowUp" || key === "ArrowDown") return !target.list;
  const { selectionStart: start, selectionEnd: end, value } = target;
  const isAll = start === 0 && end === value.length;
  if (key === "ArrowLeft") return isAll || (start === 0 && end === 0);
  return key === "ArrowRight" && (isAll || (start === value.length && end === start));
}

/** Where a key leads from a cell: the cell itself at the edge, nothing where it does not lead on.
 * @param {Element} cell @param {string} key @returns {Element | null} */
function nextCell(cell, key) {
  const row = /** @type {HTMLTableRowElement} */ (cell.parentElement);
  const cells = [...row.querySelectorAll("td")];
  const at = cells.indexOf(/** @type {HTMLTableCellElement} */ (cell));
  if (key === "Home") return stopOf(cell) === cell ? cells[0] : null;
  if (key === "End") return stopOf(cell) === cell ? cells[cells.length - 1] : null;
  const step = STEPS.get(key);
  if (!step) return null;
  const rows = /** @type {HTMLTableSectionElement} */ (row.parentElement).rows;
  const line = rows[row.sectionRowIndex + step[0]];
  return line?.querySelectorAll("td")[at + step[1]] ?? cell;
}
