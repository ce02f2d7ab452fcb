// Names of what stands in cells, as a reader knows it: a block's symbol with the labels of row and column.

import { addressOf } from "./formula.js";

/** @typedef {import("./formula.js").Area} Area */
/** @typedef {{texts: string[]} | {at: [number, number, number], across: boolean, size: number}} Labels */
/** @typedef {{at: [number, number, number], shape: [number, number], symbol: string, rows: Labels, columns:
 * Labels}} Block */
/** A drawing of a block.
 * @typedef {{block: string, sheet: number, row: number, column: number, turned: boolean}} Drawn */
/** Where a drawing stands, how large it is, and the entry that it begins with.
 * @typedef {Drawn & {rows: number, columns: number, first: [number, number]}} Place */
/** What an area covers of a block, rows and columns from 0, the last ones included.
 * @typedef {{block: string, top: number, left: number, bottom: number, right: number}} Part */

export class Naming {
  /**
   * @param {{sheets: string[], secret?: number[], blocks: Object<string, Block>}} outline
   * @param {(sheet: number, row: number, column: number) => any} value
   * @param {(key: string, parts?: Object<string, unknown>) => string} say
   */
  constructor(outline, value, say) {
    this.outline = outline;
    this.value = value;
    this.say = say;
    /** By their sheets. @type {Map<number, Place[]>} */
    this.drawings = new Map();
    /** @type {Map<string, Place[]>} */
    this.byBlock = new Map();
    for (const [
      block,
      {
        at: [sheet, row, column],
      },
    ] of Object.entries(outline.blocks)) {
      if (!this.isSecret(sheet)) this.add({ block, sheet, row, column, turned: false });
    }
  }

  /** Whether a sheet holds the answers of an exercise. @param {number} sheet */
  isSecret(sheet) {
    return this.outline.secret?.includes(sheet) ?? false;
  }

  /** Know one more place where a block, or one entry of it, stands.
   * @param {Drawn} drawn @param {[number, number] | null} [entry] */
  add(drawn, entry = null) {
    const shape = entry ? [1, 1] : this.outline.blocks[drawn.block]?.shape;
    if (!shape) return;
    const [rows, columns] = drawn.turned ? [shape[1], shape[0]] : shape;
    const known = this.drawings.get(drawn.sheet) ?? [];
    const isKnown = known.some(
      ({ block, row, column }) => block === drawn.block && row === drawn.row && column === drawn.column,
    );
    if (!isKnown) known.push({ ...drawn, rows, columns, first: entry ?? [0, 0] });
    this.drawings.set(drawn.sheet, known);
    this.byBlock.delete(drawn.block);
  }

  /** The number of a sheet in an area; `own` where the area names none. @param {Area} area @param {number} own */
  sheetOf(area, own) {
    return area.sheet === null ? own : this.outline.sheets.indexOf(area.sheet);
  }

  /** The part of a block that lies in an area; null where none does, or more than that.
   * @param {Area} area @param {number} own the sheet of the formula @returns {Part | null} */
  partOf(area, own) {
    const found = this.drawings
      .get(this.sheetOf(area, own))
      ?.find(
        ({ row, column, rows, columns }) =>
          area.top >= row && area.left >= column && area.bottom < row + rows && area.right < column + columns,
      );
    if (!found) return null;
    const { block, first, turned } = found;
    const down = [area.top - found.row, area.bottom - found.row];
    const across = [area.left - found.column, area.right - found.column];
    const [[top, bottom], [left, right]] = turned ? [across, down] : [down, across];
    return {
      block,
      top: top + first[0],
      left: left + first[1],
      bottom: bottom + first[0],
      right: right + first[1],
    };
  }

  /** Every cell in which an entry of a block stands, its home first. @param {string} block @param {number} i
   * @param {number} j @returns {[number, number, number][]} sheets, rows and columns */
  placesOf(block, i, j) {
    /** @type {[number, number, number][]} */
    const found = [];
    for (const { sheet, row, column, rows, columns, first, turned } of this.drawingsOf(block)) {
      const [down, across] = turned ? [j - first[1], i - first[0]] : [i - first[0], j - first[1]];
      if (down >= 0 && across >= 0 && down < rows && across < columns)
        found.push([sheet, row + down, column + across]);
    }
    return found;
  }

  /** Where a block stands, its home first. @param {string} block @returns {Place[]} */
  drawingsOf(block) {
    let found = this.byBlock.get(block);
    if (!found) {
      const all = [...this.drawings.values()].flat().filter((drawn) => drawn.block === block);
      const [sheet, row, column] = this.outline.blocks[block].at;
      const isHome = (/** @type {Place} */ drawn) =>
        drawn.sheet === sheet && drawn.row === row && drawn.column === column;
      found = [...all.filter(isHome), ...all.filter((drawn) => !isHome(drawn))];
      this.byBlock.set(block, found);
    }
    return found;
  }

  /** An area in words: what it is of a block, else its address. @param {Area} area @param {number} own */
  areaName(area, own) {
    const part = this.partOf(area, own);
    if (part) return this.partName(part);
    return area.sheet === null || this.sheetOf(area, own) === own
      ? addressOf(area)
      : `${area.sheet}!${addressOf(area)}`;
  }

  /** The name of that of which an area is a part: its block, else itself. @param {Area} area
   * @param {number} own */
  wholeName(area, own) {
    const part = this.partOf(area, own);
    return part ? this.symbolOf(part.block) : this.areaName(area, own);
  }

  /** @param {Part} part @returns {string} */
  partName({ block, top, left, bottom, right }) {
    const { shape, rows, columns } = this.outline.blocks[block];
    const name = this.symbolOf(block);
    const [allRows, allColumns] = [top === 0 && bottom === shape[0] - 1, left === 0 && right === shape[1] - 1];
    if (top === bottom && left === right) return this.entryName(block, top, left);
    if (allRows && allColumns) return name;
    if (top === bottom && allColumns)
      return this.say("origin_row", { label: this.labelOf(rows, top) || top + 1, name });
    if (left === right && allRows)
      return this.say("origin_column", { label: this.labelOf(columns, left) || left + 1, name });
    const [first, last] = [this.entryName(block, top, left), this.entryName(block, bottom, right)];
    return this.say("origin_part", { first, last });
  }

  /** One entry: `Q[cat, k1]`; of a block that is one number, its symbol. @param {string} block */
  entryName(block, /** @type {number} */ i, /** @type {number} */ j) {
    const { shape, rows, columns } = this.outline.blocks[block];
    const labels = [rows, columns].map((axis, k) => {
      const label = this.labelOf(axis, k ? j : i);
      return label || (shape[k] > 1 ? String((k ? j : i) + 1) : "");
    });
    const shown = shape[0] * shape[1] === 1 ? [] : labels.filter((label) => label !== "");
    return shown.length ? `${this.symbolOf(block)}[${shown.join(", ")}]` : this.symbolOf(block);
  }

  /** @param {string} block */
  symbolOf(block) {
    return this.outline.blocks[block].symbol || block.slice(block.lastIndexOf(".") + 1);
  }

  /** The label of a row or column, from 0; "" where it has none. @param {Labels} axis @param {number} k */
  labelOf(axis, k) {
    if (!("at" in axis)) return axis.texts[k] ?? "";
    const [sheet, row, column] = axis.at;
    return String(this.value(sheet, axis.across ? row : row + k, axis.across ? column + k : column) ?? "");
  }
}
