// The workbook with the edits made on the page: the file that was given, in which the edited cells and the results
// beside formulas are written anew. Everything else in it stays as it is, to the byte.

import { heldValue, linksPart, openedWorkbook } from "./package.js";
import { editedCell, resultCell, spliced, withCells } from "./sheetedit.js";
import {
  SHEET_COLUMNS, SHEET_SIZE, addressWithin, attributesOf, keyWithin, scanSheet, tagsOf, xmlText,
} from "./sheetxml.js";
import { archiveOf, textOf, withText } from "./zip.js";

/**
 * What a cell gets: a value, or a formula without its "=".
 * @typedef {{value: import("./package.js").CellValue} | {formula: string}} CellEdit
 */

/**
 * What calculates: gives values of cells, and the formula of one.
 * @typedef {{read: (keys: Float64Array) => Promise<{keys: Float64Array, values: any[]}>,
 *   formula: (key: number) => Promise<string>}} Calculated
 */

/**
 * A workbook's file with some cells edited and with results as the engine has them now: programs that trust what
 * stands beside formulas show the right numbers at once, and those that do not are asked to calculate.
 * @param {Uint8Array} bytes
 * @param {Map<number, CellEdit>} edits
 * @param {Calculated} engine
 * @returns {Promise<Uint8Array>}
 */
export async function savedWorkbook(bytes, edits, engine) {
  const opened = await openedWorkbook(bytes);
  const { parts } = opened;
  for (const [index, name] of opened.sheets.entries()) {
    if (name === null) continue;
    const xml = await textOf(parts.get(name));
    const written = await savedSheet(xml, index * SHEET_SIZE, editsWithin(edits, index), engine);
    if (written !== xml) parts.set(name, await withText(parts.get(name), written));
  }
  await rewritePart(parts, opened.book, calculatedOnLoad);
  if (opened.chain !== undefined) await withoutChain(opened);
  return archiveOf(parts.values());
}

/** @param {Map<number, CellEdit>} edits @param {number} sheet */
function editsWithin(edits, sheet) {
  const within = [...edits].filter(([key]) => Math.floor(key / SHEET_SIZE) === sheet);
  return new Map(within.map(([key, edit]) => [key % SHEET_SIZE, edit]));
}

/**
 * @param {Map<string, import("./zip.js").Part>} parts
 * @param {string} name
 * @param {(xml: string) => string} change
 */
async function rewritePart(parts, name, change) {
  parts.set(name, await withText(parts.get(name), change(await textOf(parts.get(name)))));
}

/**
 * A sheet with edits and results.
 * @param {string} xml
 * @param {number} first the key of its first cell in the workbook
 * @param {Map<number, CellEdit>} edits
 * @param {Calculated} engine
 */
async function savedSheet(xml, first, edits, engine) {
  const sheet = scanSheet(xml);
  const cells = sheet.rows.flatMap((row) => row.cells);
  const own = await ownFormulas(cells, first, edits, engine);
  const rest = computedCells(cells).filter((cell) => !edits.has(cell.key));
  const typed = [...edits].filter(([, edit]) => "formula" in edit).map(([key]) => key);
  const keys = [...rest.map((cell) => cell.key), ...typed];
  const found = await engine.read(Float64Array.from(keys, (key) => first + key));
  const results = new Map(Array.from(found.keys, (key, k) => [key - first, found.values[k]]));
  const pieces = new Map();
  for (const cell of rest) {
    const formula = own.get(cell.key) ?? cell.formula;
    const value = results.get(cell.key);
    const same = formula === cell.formula && holdsSame(heldValue(cell, []), value);
    if (value !== undefined && !same) pieces.set(cell.key, resultCell(cell, formula, value, sheet.prefix));
  }
  const styles = new Map(cells.map((cell) => [cell.key, cell.attributes.get("s")]));
  for (const [key, edit] of edits) {
    pieces.set(key, editedCell(key, styles.get(key), edit, results.get(key) ?? null, sheet.prefix));
  }
  return withCells(xml, sheet, pieces);
}

/**
 * The cells whose results stand in the file: those with a formula, and those that an array formula reaches.
 * @param {import("./sheetxml.js").SheetCell[]} cells
 */
function computedCells(cells) {
  const reached = new Set();
  for (const cell of cells.filter((one) => one.told.get("t") === "array")) {
    for (const key of keysWithin(cell.told.get("ref") ?? addressWithin(cell.key))) reached.add(key);
  }
  return cells.filter((cell) => cell.formula !== "" || reached.has(cell.key));
}

/** @param {string} range */
function keysWithin(range) {
  const [from, to] = [range.split(":")[0], range.split(":").at(-1)].map(keyWithin);
  const keys = [];
  for (let row = from - (from % SHEET_COLUMNS); row <= to; row += SHEET_COLUMNS) {
    for (let column = from % SHEET_COLUMNS; column <= to % SHEET_COLUMNS; column += 1) keys.push(row + column);
  }
  return keys;
}

/**
 * The formulas that must now stand in cells themselves, as the one that they shared gives way to an edit.
 * @param {import("./sheetxml.js").SheetCell[]} cells
 * @param {number} first
 * @param {Map<number, CellEdit>} edits
 * @param {Calculated} engine
 */
async function ownFormulas(cells, first, edits, engine) {
  const shared = cells.filter((cell) => cell.told.get("t") === "shared");
  const gone = shared.filter((cell) => edits.has(cell.key) && cell.told.has("ref"));
  const numbers = new Set(gone.map((cell) => cell.told.get("si")));
  const left = shared.filter((cell) => numbers.has(cell.told.get("si")) && !edits.has(cell.key));
  const formulas = new Map();
  for (const cell of left) {
    const text = (await engine.formula(first + cell.key)).replace(/^=/, "");
    const prefix = /^<([\w.-]+:)?f/.exec(cell.formula)[1] ?? "";
    formulas.set(cell.key, `<${prefix}f>${xmlText(text)}</${prefix}f>`);
  }
  return formulas;
}

/**
 * Whether a result is the one that stands there, to the last bit.
 * @param {import("./package.js").CellValue} held
 * @param {import("./package.js").CellValue} found
 */
function holdsSame(held, found) {
  const error = (value) => (value !== null && typeof value === "object" ? value.error : null);
  return held === found || (error(held) !== null && error(held) === error(found));
}

/**
 * The main part, asking whoever opens the file to calculate it.
 * @param {string} xml
 */
function calculatedOnLoad(xml) {
  const tags = [...tagsOf(xml)];
  const told = tags.find((tag) => tag.name === "calcPr" && !tag.close);
  if (told === undefined) {
    const before = tags.filter((tag) => ["sheets", "definedNames"].includes(tag.name)).at(-1);
    const text = `<${before.prefix}calcPr fullCalcOnLoad="1"/>`;
    return spliced(xml, [{ at: before.end, end: before.end, text }]);
  }
  if (/^(1|true)$/.test(attributesOf(told.attributes).get("fullCalcOnLoad"))) return xml;
  const plain = told.attributes.replace(/\sfullCalcOnLoad\s*=\s*("[^"]*"|'[^']*')/, "");
  const text = `<${told.prefix}calcPr${plain} fullCalcOnLoad="1"${told.empty ? "/" : ""}>`;
  return spliced(xml, [{ at: told.at, end: told.end, text }]);
}

/**
 * Leave out the list of formulas, which programs make anew: one that names a cell without a formula is a mistake.
 * @param {import("./package.js").Opened} opened
 */
async function withoutChain({ parts, book, chain }) {
  parts.delete(chain);
  const told = { Relationship: ["Target", chain.split("/").at(-1)], Override: ["PartName", `/${chain}`] };
  const without = (xml) => {
    const gone = [...tagsOf(xml)].filter(({ name, attributes }) =>
      name in told && attributesOf(attributes).get(told[name][0])?.endsWith(told[name][1]));
    return spliced(xml, gone.map(({ at, end }) => ({ at, end, text: "" })));
  };
  await rewritePart(parts, linksPart(book), without);
  await rewritePart(parts, "[Content_Types].xml", without);
}
