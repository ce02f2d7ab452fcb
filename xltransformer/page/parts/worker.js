// Calculates the workbook, mostly in a worker: answers what client.js asks, and sends after an edit only what has
// changed among the cells that are watched. Numbers go as one Float64Array, which is handed over, not copied.

import { Engine } from "./engine.js";
import { unpack } from "./unpack.js";

/**
 * Values on their way: NaN in `numbers` where a cell holds something else, which is in `others` by its position.
 * @typedef {{keys: Float64Array, numbers: Float64Array,
 *   others: [number, string | boolean | null | {error: string}][]}} Sent
 */

/**
 * Formulas of the page's own, on a sheet that the file has not: row, column, formula, and what it gives as built.
 * Where that is missing of one, everything is calculated at the start.
 * @typedef {{sheet: string, cells: [number, number, string, (string | number | boolean)?][]}} Extra
 */

/** How far a first calculation may differ from a value as saved and still count as the same, of its size. */
const SAME_WITHIN = 1e-9;

/** The workbook as it is calculated for one page. */
export class Calculator {
  constructor() {
    /** @type {Engine | null} */
    this.engine = null;
    this.settled = false;
    /** What it took to start. @type {Record<string, number>} */
    this.milliseconds = {};
    /** The page's own formulas. @type {Extra | null} */
    this.extra = null;
    /** What these give as built, until everything is calculated. @type {Map<number, any>} */
    this.built = new Map();
    /** Where the watched cells lie, and what was last told of each. @type {number[]} */
    this.keys = [];
    /** @type {import("./engine.js").Value[]} */
    this.told = [];
    this.watched = new Set();
  }

  /** @param {{engine: string | Uint8Array, workbook: string | Uint8Array}} given */
  async load({ engine, workbook }) {
    const lap = stopwatch();
    const [code, file] = [await bytesOf(engine), await bytesOf(workbook)];
    const inflate = lap();
    this.engine = await Engine.start(code);
    const compile = lap();
    try {
      this.engine.load(file);
    } catch (error) {
      throw new Error(`damaged: ${error.message}`);
    }
    this.milliseconds = { inflate, compile, load: lap() };
  }

  /** @param {{recalculate?: boolean, extra?: Extra}} given */
  start({ extra, recalculate = false }) {
    const lap = stopwatch();
    const sheets = this.engine.sheetNames();
    const complete = this.expect(extra, sheets.length);
    if (recalculate || !complete) {
      this.settle();
    }
    return { sheets, milliseconds: { ...this.milliseconds, recalculate: lap() } };
  }

  /**
   * Note the page's own formulas, and what they give as built; whether that is known of all of them. They come
   * into the engine with the first calculation, as it takes its time over another sheet.
   * @param {Extra | undefined} extra
   * @param {number} sheet which one theirs will be
   */
  expect(extra, sheet) {
    this.extra = extra ?? null;
    for (const [row, column, , value] of extra?.cells ?? []) {
      if (value === undefined) {
        return false;
      }
      this.built.set((sheet * 1048576 + row) * 16384 + column, value);
    }
    return true;
  }

  /**
   * Calculate everything once, before the first edit, which would have to wait for it. What differs from the
   * values as saved by rounding alone stays as it was told.
   */
  settle() {
    if (this.settled) {
      return;
    }
    this.settled = true;
    this.built.clear();
    if (this.extra) {
      const sheet = this.engine.addSheet(this.extra.sheet);
      this.extra.cells.forEach(([row, column, formula]) => this.engine.setFormula(sheet, row, column, formula));
    }
    this.engine.recalculate();
    this.told = this.told.map((was, index) => {
      const value = this.value(this.keys[index]);
      return isClose(was, value) ? value : was;
    });
  }

  /** @param {number} key */
  value(key) {
    const built = this.built.get(key);
    if (built !== undefined) {
      return built;
    }
    const row = Math.floor(key / 16384); // as placeInEngine, which would make a list for each of many cells
    return this.engine.read(Math.floor(row / 1048576), row % 1048576, key % 16384);
  }

  /**
   * Tell these cells now, and from now on whenever they change.
   * @param {Float64Array} keys
   */
  watch(keys) {
    const values = Array.from(keys, (key) => this.value(key));
    keys.forEach((key, index) => {
      if (!this.watched.has(key)) {
        this.watched.add(key);
        this.keys.push(key);
        this.told.push(values[index]);
      }
    });
    return sent(Array.from(keys), values);
  }

  /**
   * Tell these cells now.
   * @param {Float64Array} keys
   */
  read(keys) {
    return sent(Array.from(keys), Array.from(keys, (key) => this.value(key)));
  }

  /**
   * Make edits, all before anything is calculated; what has changed by them.
   * @param {{key: number, value?: number | string | boolean | null, formula?: string}[]} edits
   */
  edit(edits) {
    this.settle();
    const lap = stopwatch();
    for (const { key, value = null, formula } of edits) {
      if (formula === undefined) {
        this.engine.set(...placeInEngine(key), value);
      } else {
        this.engine.setFormula(...placeInEngine(key), formula);
      }
    }
    this.engine.recalculate();
    const milliseconds = lap();
    return { changed: this.changes(), milliseconds, reading: lap() };
  }

  /** What differs from what was told of the watched cells. */
  changes() {
    const keys = [];
    const values = [];
    for (let index = 0; index < this.keys.length; index += 1) {
      const value = this.value(this.keys[index]);
      if (!isSame(value, this.told[index])) {
        this.told[index] = value;
        keys.push(this.keys[index]);
        values.push(value);
      }
    }
    return sent(keys, values);
  }

  /** @param {number} key */
  formula(key) {
    if (this.built.has(key)) {
      this.settle();
    }
    return this.engine.formula(...placeInEngine(key));
  }
}

/**
 * The sheet, row and column of a key.
 * @param {number} key
 * @returns {[number, number, number]}
 */
function placeInEngine(key) {
  const row = Math.floor(key / 16384);
  return [Math.floor(row / 1048576), row % 1048576, key % 16384];
}

/** Milliseconds since the last call. */
function stopwatch() {
  let last = performance.now();
  return () => {
    const before = last;
    last = performance.now();
    return last - before;
  };
}

/** @param {string | Uint8Array} packed */
async function bytesOf(packed) {
  return typeof packed === "string" ? unpack(packed) : packed;
}

/**
 * @param {import("./engine.js").Value} one
 * @param {import("./engine.js").Value} other
 */
function isSame(one, other) {
  return one === other || (one?.error !== undefined && one.error === other?.error);
}

/**
 * @param {import("./engine.js").Value} one
 * @param {import("./engine.js").Value} other
 */
function isClose(one, other) {
  const numbers = typeof one === "number" && typeof other === "number";
  return numbers && Math.abs(one - other) <= SAME_WITHIN * Math.max(1, Math.abs(one));
}

/**
 * @param {number[]} keys
 * @param {import("./engine.js").Value[]} values
 * @returns {Sent}
 */
function sent(keys, values) {
  const numbers = Float64Array.from(values, (value) => (typeof value === "number" ? value : NaN));
  /** @type {Sent["others"]} */
  const others = [];
  values.forEach((value, index) => {
    if (typeof value !== "number") {
      others.push([index, value]);
    }
  });
  return { keys: Float64Array.from(keys), numbers, others };
}

/** What may be asked, by its name. */
const REQUESTS = /** @type {const} */ (["load", "start", "watch", "read", "settle", "edit", "formula"]);

/**
 * Answer requests one after the other.
 * @param {(answer: object, transferred: Transferable[]) => void} post
 * @returns {(request: {id: number, ask: string, given: any}) => void}
 */
export function answering(post) {
  const calculator = new Calculator();
  let queue = Promise.resolve();
  /** @param {{id: number, ask: string, given: any}} request */
  const answer = async ({ id, ask, given }) => {
    try {
      if (!REQUESTS.includes(/** @type {any} */ (ask))) {
        throw new Error(`nothing is known of ${ask}`);
      }
      const result = await calculator[ask](given);
      post({ id, result }, buffersOf(result?.changed ?? result));
    } catch (error) {
      post({ id, error: error instanceof Error ? error.message : String(error) }, []);
    }
  };
  return (request) => {
    queue = queue.then(() => answer(request));
  };
}

/** @param {any} result */
function buffersOf(result) {
  return result?.numbers ? [result.keys.buffer, result.numbers.buffer] : [];
}

if (typeof WorkerGlobalScope !== "undefined" && self instanceof WorkerGlobalScope) {
  const requests = answering((answer, transferred) => self.postMessage(answer, transferred));
  self.onmessage = (event) => requests(event.data);
  self.postMessage({ ready: true });
}
