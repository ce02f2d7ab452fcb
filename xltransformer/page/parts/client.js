// The page's side of the engine: asks worker.js, in a worker made from the page's own text, or on the page's
// thread where a browser allows no worker.

import { answering } from "./worker.js";

/** @typedef {import("./engine.js").Value} Value */
/** @typedef {{keys: Float64Array, values: Value[]}} Values */

/** Milliseconds within which a worker says that it is there. */
const WORKER_WITHIN = 10_000;
/** Where the worker's part of the page's script ends, as joining.py writes it. */
const END_OF_WORKER = "/* the page */";

export class Client {
  constructor() {
    /** Of each question that waits for its answer: itself, and what to do with that.
     * @type {Map<number, {request: object, resolve: (result: any) => void, reject: (error: Error) => void}>} */
    this.waiting = new Map();
    this.asked = 0;
    /** @type {Promise<void> | null} */
    this.loaded = null;
    /** @type {(request: object) => void} */
    this.send = () => {};
    /** Whether the engine has a thread of its own. */
    this.apart = false;
  }

  /**
   * Have the engine load a workbook, which takes most of the time until a page is live: before anything else.
   * @param {{engine: string | Uint8Array, workbook: string | Uint8Array}} given
   */
  begin(given) {
    this.beginning = performance.now();
    this.connect();
    this.loaded = this.ask("load", given);
    this.loaded.catch(() => {}); // `start` tells of it
  }

  /**
   * Start to calculate, once the workbook is loaded; rejects with the reason in one line. What it took is among
   * the browser's measures, as "xlt-start".
   * @param {{extra?: object, recalculate?: boolean}} given
   * @returns {Promise<{sheets: string[], milliseconds: Record<string, number>}>}
   */
  async start(given) {
    const [, answer] = await Promise.all([this.loaded, this.ask("start", given)]); // one after the other there
    const times = { start: this.beginning, end: performance.now(), detail: answer.milliseconds };
    performance.measure("xlt-start", times);
    return answer;
  }

  /**
   * The values of these cells, which from now on are among those that `edit` tells of.
   * @param {Float64Array} keys
   * @returns {Promise<Values>}
   */
  async watch(keys) {
    return received(await this.ask("watch", keys));
  }

  /**
   * The values of these cells as they are now.
   * @param {Float64Array} keys
   * @returns {Promise<Values>}
   */
  async read(keys) {
    return received(await this.ask("read", keys));
  }

  /** Have everything calculated once, before the first edit, which would wait for it. @returns {Promise<void>} */
  settle() {
    return this.ask("settle", null);
  }

  /**
   * @param {({key: number, value: number | string | boolean | null} | {key: number, formula: string})[]} edits
   * @returns {Promise<{changed: Values, milliseconds: number, reading: number}>} what the engine took to
   *   calculate, and to read what has changed
   */
  async edit(edits) {
    const { changed, ...times } = await this.ask("edit", edits);
    return { changed: received(changed), ...times };
  }

  /**
   * The formula of a cell as in the sheet, "=A1*2"; "" where it has none.
   * @param {number} key
   * @returns {Promise<string>}
   */
  formula(key) {
    return this.ask("formula", key);
  }

  /**
   * @param {string} ask
   * @param {any} given
   * @returns {Promise<any>}
   */
  ask(ask, given) {
    return new Promise((resolve, reject) => {
      this.asked += 1;
      const request = { id: this.asked, ask, given };
      this.waiting.set(this.asked, { request, resolve, reject });
      this.send(request);
    });
  }

  /** @param {{id: number, result?: any, error?: string}} answer */
  receive({ id, result, error }) {
    const one = this.waiting.get(id);
    this.waiting.delete(id);
    if (error === undefined) {
      one?.resolve(result);
    } else {
      one?.reject(new Error(error));
    }
  }

  /** Find who answers: a worker, or where none comes to life, the same code on this thread. */
  connect() {
    const worker = workerOfPage();
    if (!worker) {
      this.answerHere();
      return;
    }
    const instead = () => {
      clearTimeout(late);
      worker.onmessage = worker.onerror = null;
      worker.terminate();
      this.answerHere();
    };
    const late = setTimeout(instead, WORKER_WITHIN);
    worker.onerror = (event) => {
      event.preventDefault(); // nobody needs to hear of it, as it goes on
      instead();
    };
    worker.onmessage = () => {
      clearTimeout(late);
      this.apart = true;
      worker.onmessage = (event) => this.receive(event.data);
      worker.onerror = (event) => this.fail(event.message || "the engine's worker has ended");
    };
    this.send = (request) => worker.postMessage(request); // kept until it is there
  }

  /** Answer on this thread, also what has been asked before. */
  answerHere() {
    this.send = answering((answer) => this.receive(/** @type {any} */ (answer)));
    for (const { request } of this.waiting.values()) {
      this.send(request);
    }
  }

  /**
   * Nothing that is asked will be answered any more.
   * @param {string} reason
   */
  fail(reason) {
    for (const { reject } of this.waiting.values()) {
      reject(new Error(reason));
    }
    this.waiting.clear();
  }
}

/** A worker made from the page's own script; null where a browser allows none. */
function workerOfPage() {
  const whole = document.getElementById("page-code")?.textContent ?? "";
  const end = whole.indexOf(END_OF_WORKER);
  if (end < 0) {
    return null;
  }
  const code = `${whole.slice(0, end)}})();`;
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    return new Worker(address);
  } catch {
    return null;
  } finally {
    setTimeout(() => URL.revokeObjectURL(address), WORKER_WITHIN); // some browsers read it only then
  }
}

/**
 * @param {import("./worker.js").Sent} sent
 * @returns {Values}
 */
function received({ keys, numbers, others }) {
  /** @type {Value[]} */
  const values = Array.from(numbers);
  for (const [index, value] of others) {
    values[index] = value;
  }
  return { keys, values };
}
