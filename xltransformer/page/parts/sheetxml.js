// The cells of a sheet as its file tells them (ECMA-376 part 1, section 18.3.1), whichever program wrote it: where
// each begins and ends in the text, so that some of them can be written anew and the rest stay to the letter.

/** A tag, with its prefix, name and attributes; a remark or a piece of plain data is passed over. */
const XML_TAG = new RegExp(
  "<!--[^]*?-->|<!\\[CDATA\\[[^]*?\\]\\]>|" +
    "<(?<close>/?)(?<prefix>[\\w.-]+:)?(?<name>[\\w.-]+)" +
    "(?<attributes>(?:\\s+[\\w:.-]+\\s*=\\s*(?:\"[^\"]*\"|'[^']*'))*)\\s*(?<empty>/?)>",
  "g",
);
const XML_ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;
const XML_MARKS = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
export const SHEET_COLUMNS = 16384;
/** How many keys a sheet takes: its rows times its columns. */
export const SHEET_SIZE = 1048576 * SHEET_COLUMNS;

/**
 * A tag in a text: `at` is where it begins, `end` where it ends.
 * @typedef {{name: string, prefix: string, close: boolean, empty: boolean, attributes: string, at: number,
 *   end: number}} Tag
 */

/**
 * A cell: where it begins and ends in the text, its `key` (row * 16384 + column, from 0) and attributes, its
 * formula's element ("" without one) and what that is `told` by attributes, its value, and its own text.
 * @typedef {{at: number, end: number, key: number, attributes: Map<string, string>, formula: string,
 *   told: Map<string, string>, value: string | null, inline: string}} SheetCell
 */

/**
 * A row: where its tag begins, where its cells begin and end, and the cells. A row without any is one tag.
 * @typedef {{at: number, inside: number, end: number, row: number, empty: boolean, cells: SheetCell[]}} SheetRow
 */

/**
 * A sheet's rows, the prefix of its tags, and where its rows are: their element, where its first row begins
 * and its last one ends. In an `empty` one that element is one tag.
 * @typedef {{rows: SheetRow[], prefix: string, at: number, inside: number, end: number,
 *   empty: boolean}} ScannedSheet
 */

/**
 * Every tag of a text, in order.
 * @param {string} xml
 * @returns {Generator<Tag>}
 */
export function* tagsOf(xml) {
  for (const found of xml.matchAll(XML_TAG)) {
    const { close, prefix = "", name, attributes, empty } = found.groups;
    if (name === undefined) continue;
    const end = found.index + found[0].length;
    yield { name, prefix, close: close !== "", empty: empty !== "", attributes, at: found.index, end };
  }
}

/**
 * The attributes of a tag by their names, prefixes included.
 * @param {string} text
 * @returns {Map<string, string>}
 */
export function attributesOf(text) {
  return new Map([...text.matchAll(XML_ATTRIBUTE)].map(([, name, one, other]) => [name, plainText(one ?? other)]));
}

/**
 * A text without XML's marks.
 * @param {string} xml
 */
export function plainText(xml) {
  return xml.includes("&")
    ? xml.replace(/&(?:#x([0-9A-Fa-f]+)|#(\d+)|(\w+));/g, (whole, hex, number, name) =>
        name ? (XML_MARKS[name] ?? whole) : String.fromCodePoint(hex ? parseInt(hex, 16) : Number(number)))
    : xml;
}

/**
 * A text as XML takes it.
 * @param {string} text
 */
export function xmlText(text) {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/**
 * A text as a workbook's XML takes it: a character that XML lacks is written _xHHHH_, and an underscore that would
 * begin such a one likewise (section 22.9.2.19).
 * @param {string} text
 */
export function cellText(text) {
  const escaped = text.replace(/_(?=x[0-9A-Fa-f]{4}_)/g, "_x005F_");
  return xmlText(escaped.replace(/[\x00-\x08\x0b-\x1f\ufffe\uffff]/g, (one) =>
    `_x${one.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}_`));
}

/**
 * A text of a workbook's XML as it is meant.
 * @param {string} text
 */
export function meantText(text) {
  return text.includes("_x")
    ? text.replace(/_x([0-9A-Fa-f]{4})_/g, (_, code) => String.fromCharCode(parseInt(code, 16)))
    : text;
}

/**
 * The key of a cell within its sheet, by its address.
 * @param {string} address
 */
export function keyWithin(address) {
  let column = 0;
  let at = 0;
  for (; at < address.length && !(address[at] >= "0" && address[at] <= "9"); at += 1) {
    if (address[at] !== "$") column = column * 26 + (address.charCodeAt(at) & 31);
  }
  return (Number(address.slice(at)) - 1) * SHEET_COLUMNS + column - 1;
}

/**
 * The address of a cell by its key within its sheet.
 * @param {number} key
 */
export function addressWithin(key) {
  let letters = "";
  for (let rest = (key % SHEET_COLUMNS) + 1; rest > 0; rest = Math.floor((rest - 1) / 26)) {
    letters = String.fromCharCode(65 + ((rest - 1) % 26)) + letters;
  }
  return letters + String(Math.floor(key / SHEET_COLUMNS) + 1);
}

/**
 * The rows of a sheet with their cells.
 * @param {string} xml
 * @returns {ScannedSheet}
 */
export function scanSheet(xml) {
  const sheet = { rows: [], prefix: "", at: 0, inside: 0, end: 0, empty: true };
  let within = false;
  let row = null;
  let cell = null;
  let open = null;
  for (const tag of tagsOf(xml)) {
    if (tag.name === "sheetData") {
      if (!tag.close) Object.assign(sheet, { prefix: tag.prefix, at: tag.at, inside: tag.end, empty: tag.empty });
      if (tag.close || tag.empty) {
        sheet.end = tag.at;
        break;
      }
      within = true;
    } else if (!within) {
      continue;
    } else if (tag.name === "row") {
      if (tag.close) row.end = tag.at;
      else sheet.rows.push((row = rowOf(tag, row)));
    } else if (tag.name === "c") {
      if (tag.close) cell.end = tag.end;
      else row.cells.push((cell = cellOf(tag, row)));
    } else if (tag.close) {
      if (open !== null && tag.name === open.name) heldBy(cell, open, xml.slice(open.end, tag.at), xml, tag.end);
      open = null;
    } else if (tag.empty) {
      if (tag.name === "f") heldBy(cell, tag, "", xml, tag.end);
    } else {
      open = tag;
    }
  }
  return sheet;
}

/** @param {Tag} tag @param {SheetRow | null} before */
function rowOf(tag, before) {
  const told = attributesOf(tag.attributes).get("r");
  const row = told === undefined ? (before === null ? 0 : before.row + 1) : Number(told) - 1;
  return { at: tag.at, inside: tag.end, end: tag.end, row, empty: tag.empty, cells: [] };
}

/** @param {Tag} tag @param {SheetRow} row */
function cellOf(tag, row) {
  const attributes = attributesOf(tag.attributes);
  const before = row.cells.at(-1);
  const next = before === undefined ? row.row * SHEET_COLUMNS : before.key + 1;
  const key = attributes.has("r") ? keyWithin(attributes.get("r")) : next;
  return { at: tag.at, end: tag.end, key, attributes, formula: "", told: new Map(), value: null, inline: "" };
}

/**
 * Note in a cell what an element in it holds.
 * @param {SheetCell} cell
 * @param {Tag} tag
 * @param {string} text
 * @param {string} xml
 * @param {number} end
 */
function heldBy(cell, tag, text, xml, end) {
  if (tag.name === "f") {
    cell.formula = xml.slice(tag.at, end);
    cell.told = attributesOf(tag.attributes);
  } else if (tag.name === "v") {
    cell.value = plainText(text);
  } else if (tag.name === "t") {
    cell.inline += plainText(text);
  }
}
