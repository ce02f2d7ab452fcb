// Cells of a sheet written anew, as its file tells them.

import { SHEET_COLUMNS, addressWithin, cellText, xmlText } from "./sheetxml.js";

/**
 * A cell with its formula and another result.
 * @param {import("./sheetxml.js").SheetCell} cell
 * @param {string} formula
 * @param {import("./package.js").CellValue} value
 * @param {string} prefix
 */
export function resultCell(cell, formula, value, prefix) {
  const kept = [...cell.attributes].filter(([name]) => name !== "t");
  const attributes = kept.map(([name, text]) => ` ${name}="${xmlText(text)}"`).join("");
  return cellElement(prefix, attributes, formula, value);
}

/**
 * A cell with what was typed into it; a text stands in the cell itself.
 * @param {number} key
 * @param {string | undefined} style
 * @param {CellEdit} edit
 * @param {import("./package.js").CellValue} result
 * @param {string} prefix
 */
export function editedCell(key, style, edit, result, prefix) {
  const attributes = ` r="${addressWithin(key)}"${style === undefined ? "" : ` s="${xmlText(style)}"`}`;
  if ("formula" in edit) {
    return cellElement(prefix, attributes, `<${prefix}f>${xmlText(edit.formula)}</${prefix}f>`, result);
  }
  const { value } = edit;
  if (value === null || value === "") return `<${prefix}c${attributes}/>`;
  if (typeof value !== "string") return cellElement(prefix, attributes, "", value);
  const text = `<${prefix}t xml:space="preserve">${cellText(value)}</${prefix}t>`;
  return `<${prefix}c${attributes} t="inlineStr"><${prefix}is>${text}</${prefix}is></${prefix}c>`;
}

/**
 * @param {string} prefix
 * @param {string} attributes
 * @param {string} formula
 * @param {import("./package.js").CellValue} value
 */
function cellElement(prefix, attributes, formula, value) {
  const [kind, text] = toldResult(value);
  const shown = text === null ? "" : `<${prefix}v>${text}</${prefix}v>`;
  return `<${prefix}c${attributes}${kind && ` t="${kind}"`}>${formula}${shown}</${prefix}c>`;
}

/**
 * The type of a result and its text, as the file has them.
 * @param {import("./package.js").CellValue} value
 */
function toldResult(value) {
  if (value === null) return ["", null];
  if (typeof value === "number") return ["", String(value)];
  if (typeof value === "boolean") return ["b", value ? "1" : "0"];
  return typeof value === "string" ? ["str", cellText(value)] : ["e", xmlText(value.error)];
}

/**
 * A sheet's text with some cells in the place of others, or where none stood.
 * @param {string} xml
 * @param {import("./sheetxml.js").ScannedSheet} sheet
 * @param {Map<number, string>} pieces the cells by their keys
 */
export function withCells(xml, sheet, pieces) {
  const there = new Map(sheet.rows.flatMap((row) => row.cells).map((cell) => [cell.key, cell]));
  const known = [...pieces.keys()].filter((key) => there.has(key));
  const added = [...pieces.keys()].filter((key) => !there.has(key)).sort((one, other) => one - other);
  const replaced = known.map((key) => ({ ...there.get(key), text: pieces.get(key) }));
  return spliced(xml, [...replaced, ...addedCells(xml, sheet, added, pieces)]);
}

/**
 * What is put in where there were no such cells, with the place of each.
 * @param {string} xml
 * @param {import("./sheetxml.js").ScannedSheet} sheet
 * @param {number[]} keys in order
 * @param {Map<number, string>} pieces
 */
function addedCells(xml, sheet, keys, pieces) {
  const { prefix } = sheet;
  const rows = new Map();
  for (const key of keys) rows.set(rowWithin(key), [...(rows.get(rowWithin(key)) ?? []), key]);
  const found = [];
  for (const [number, within] of rows) {
    const text = within.map((key) => pieces.get(key)).join("");
    const row = sheet.rows.find((one) => one.row === number);
    if (row === undefined) {
      const whole = `<${prefix}row r="${number + 1}">${text}</${prefix}row>`;
      const at = sheet.rows.find((one) => one.row > number)?.at ?? sheet.end;
      found.push({ at, end: at, text: whole });
    } else if (row.empty) {
      const tag = xml.slice(row.at, row.inside).replace(/\s*\/>$/, ">");
      found.push({ at: row.at, end: row.inside, text: `${tag}${text}</${prefix}row>` });
    } else {
      for (const key of within) {
        const at = row.cells.find((cell) => cell.key > key)?.at ?? row.end;
        found.push({ at, end: at, text: pieces.get(key) });
      }
    }
  }
  return sheet.empty && found.length > 0 ? [filledSheet(sheet, found)] : found;
}

/**
 * Rows in the place of the tag of a sheet that had none.
 * @param {import("./sheetxml.js").ScannedSheet} sheet
 * @param {{text: string}[]} rows
 */
function filledSheet({ prefix, at, inside }, rows) {
  const text = rows.map((row) => row.text).join("");
  return { at, end: inside, text: `<${prefix}sheetData>${text}</${prefix}sheetData>` };
}

/** @param {number} key */
function rowWithin(key) {
  return Math.floor(key / SHEET_COLUMNS);
}

/**
 * A text with pieces in the place of parts of it; of several at one place the first stays first.
 * @param {string} text
 * @param {{at: number, end: number, text: string}[]} pieces
 */
export function spliced(text, pieces) {
  const written = [];
  let done = 0;
  for (const piece of [...pieces].sort((one, other) => one.at - other.at || one.end - other.end)) {
    written.push(text.slice(done, piece.at), piece.text);
    done = piece.end;
  }
  return written.join("") + text.slice(done);
}
