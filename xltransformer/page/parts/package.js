// The parts of a workbook by what they are there for, and what its cells hold as its file tells it.

import { SHEET_SIZE, attributesOf, meantText, plainText, scanSheet, tagsOf } from "./sheetxml.js";
import { partsOf, textOf } from "./zip.js";

/**
 * What a cell holds or comes to.
 * @typedef {number | string | boolean | null | {error: string}} CellValue
 */

/**
 * A workbook taken apart: `book` is its main part, `sheets` are those of its sheets in order (null for one without
 * cells), `strings` is the one with its texts, `chain` the one that lists its formulas, where it has them.
 * @typedef {{parts: Map<string, import("./zip.js").Part>, book: string, sheets: (string | null)[],
 *   strings: string | undefined, chain: string | undefined}} Opened
 */

/**
 * A workbook's parts.
 * @param {Uint8Array} bytes
 * @returns {Promise<Opened>}
 */
export async function openedWorkbook(bytes) {
  const parts = partsOf(bytes);
  const book = [...(await linksOf(parts, "")).values()].find((link) => link.kind === "officeDocument").part;
  const links = await linksOf(parts, book);
  const sheets = [];
  for (const tag of tagsOf(await textOf(parts.get(book)))) {
    if (tag.name !== "sheet" || tag.close) continue;
    const named = [...attributesOf(tag.attributes)].find(([name]) => name.endsWith(":id"));
    const link = links.get(named[1]);
    sheets.push(link.kind === "worksheet" ? link.part : null);
  }
  const of = (kind) => [...links.values()].find((link) => link.kind === kind)?.part;
  return { parts, book, sheets, strings: of("sharedStrings"), chain: of("calcChain") };
}

/**
 * What a part is linked with: kind and part, by the link's identifier.
 * @param {Map<string, import("./zip.js").Part>} parts
 * @param {string} part
 */
async function linksOf(parts, part) {
  const found = new Map();
  for (const tag of tagsOf(await textOf(parts.get(linksPart(part))))) {
    if (tag.name !== "Relationship") continue;
    const told = attributesOf(tag.attributes);
    const target = new URL(told.get("Target"), `zip:///${part}`).pathname.slice(1);
    found.set(told.get("Id"), { kind: told.get("Type").split("/").at(-1), part: decodeURIComponent(target) });
  }
  return found;
}

/**
 * The part that tells what a part is linked with.
 * @param {string} part
 */
export function linksPart(part) {
  const folder = part.slice(0, part.lastIndexOf("/") + 1);
  return `${folder}_rels/${part.slice(folder.length)}.rels`;
}

/**
 * What all cells of a workbook hold, with the results that stand beside its formulas, by their keys.
 * @param {Uint8Array} bytes
 * @returns {Promise<Map<number, CellValue>>}
 */
export async function readValues(bytes) {
  const { parts, sheets, strings } = await openedWorkbook(bytes);
  const texts = strings === undefined ? [] : sharedTexts(await textOf(parts.get(strings)));
  const values = new Map();
  for (const [sheet, part] of sheets.entries()) {
    if (part === null) continue;
    for (const row of scanSheet(await textOf(parts.get(part))).rows) {
      for (const cell of row.cells) {
        const value = heldValue(cell, texts);
        if (value !== null) values.set(sheet * SHEET_SIZE + cell.key, value);
      }
    }
  }
  return values;
}

/**
 * What a cell holds as its file tells it.
 * @param {import("./sheetxml.js").SheetCell} cell
 * @param {string[]} texts
 * @returns {CellValue}
 */
export function heldValue(cell, texts) {
  const kind = cell.attributes.get("t") ?? "n";
  if (kind === "inlineStr") return meantText(cell.inline);
  if (cell.value === null || (cell.value === "" && kind !== "str")) return null;
  if (kind === "s") return texts[Number(cell.value)];
  if (kind === "b") return cell.value === "1" || cell.value === "true";
  if (kind === "e") return { error: cell.value };
  return kind === "str" ? meantText(cell.value) : Number(cell.value);
}

/**
 * The texts that cells name by number; how they are spoken (`rPh`) is no part of them.
 * @param {string} xml
 */
function sharedTexts(xml) {
  const texts = [];
  let [from, spoken] = [-1, false];
  for (const tag of tagsOf(xml)) {
    if (tag.name === "si" && !tag.close) texts.push("");
    else if (tag.name === "rPh") spoken = !tag.close && !tag.empty;
    else if (tag.name === "t" && !tag.close) from = tag.end;
    else if (tag.name === "t" && !spoken) texts.push(texts.pop() + meantText(plainText(xml.slice(from, tag.at))));
  }
  return texts;
}
