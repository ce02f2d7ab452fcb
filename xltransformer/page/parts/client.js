// The page's side of the engine: asks worker.js, in a worker made from the page's own text, or on the page's
// thread where a browser allows no worker.

import { answering } from "./worker.js";

/** @typedef {import("./engine.js").Value} Value */
/** @typedef {{keys: Float64Array, values: Value[]}} Values */

/** Milliseconds within which a worker says that it is there. */
const WORKER_WITHIN = 5000;
/** Where the worker's part of the page's script ends, as joining.py writes it. */
const END_OF_WORKER = "/* the page */";

export class Client {
  constructor() {
    /** @type {Map<number, {resolve: (result: any) => void, reject: (error: Error) => void}>} */
    this.waiting = new Map();
    this.asked = 0;
    /** @type {Promise<(request: object) => void> | null} */
    this.line = null;
    /** Whether the engine has a thread of its own. */
    this.apart = false;
  }

  /**
   * Start the engine with a workbook; rejects with the reason in one line. What it took is among the browser's
   * measures, as "xlt-start".
   * @param {{engine: string | Uint8Array, workbook: string | Uint8Array, extra?: object,
   *   recalculate?: boolean}} given
   * @returns {Promise<{sheets: string[], milliseconds: Record<string, number>}>}
   */
  async start(given) {
    const start = performance.now();
    this.line = this.connect();
    const answer = await this.ask("start", given);
    performance.measure("xlt-start", { start, end: performance.now(), detail: answer.milliseconds });
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
  async ask(ask, given) {
    const send = await this.line;
    if (!send) {
      throw new Error(`${ask} came before start`);
    }
    return new Promise((resolve, reject) => {
      this.asked += 1;
      this.waiting.set(this.asked, { resolve, reject });
      send({ id: this.asked, ask, given });
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

  /** How to send a request: to a worker, or to the same code on this thread. */
  async connect() {
    const worker = await workerOfPage();
    if (worker === null) {
      return answering((answer) => this.receive(/** @type {any} */ (answer)));
    }
    this.apart = true;
    worker.onmessage = (event) => this.receive(event.data);
    worker.onerror = (event) => this.fail(event.message || "the engine's worker has ended");
    return (/** @type {object} */ request) => worker.postMessage(request);
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

/**
 * A worker that has said it is there, or null.
 * @returns {Promise<Worker | null>}
 */
async function workerOfPage() {
  const whole = document.getElementById("page-code")?.textContent ?? "";
  const end = whole.indexOf(END_OF_WORKER);
  if (end < 0) {
    return null;
  }
  const code = `${whole.slice(0, end)}})();`;
  const address = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  try {
    const worker = new Worker(address);
    const ready = await new Promise((resolve) => {
      worker.onmessage = () => resolve(true);
      worker.onerror = () => resolve(false);
      setTimeout(() => resolve(false), WORKER_WITHIN);
    });
    if (ready) {
      return worker;
    }
    worker.terminate();
  } catch {
    // A browser that forbids workers here: the page's own thread does it.
  } finally {
    URL.revokeObjectURL(address);
  }
  return null;
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
