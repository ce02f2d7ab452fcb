/**
 * The page alive: from what is typed through the engine to every element that shows a cell.
 *
 * `data-state` of the root is `shown` (values as built), `live`, `calculating` or `failed`; its `data-ready` is
 * `all` once every element of the page is alive.
 *
 * @typedef {{block: string, row: number, column: number, value: Value}} Edit  row and column from 0
 */

import { inFull, isError, keyOf } from "./cells.js";
import { drawnIn, drawValue, finishDrawings, hydrate, shownKeys, values } from "./drawings.js";
import { isTyping, listedBlocks, listenToFields, listOf, lockFields, setList, taken } from "./fields.js";
import { whenIdle } from "./idle.js";
import { readValues } from "./package.js";
import { unpack } from "./unpack.js";
import { filledIn, knowOutline, outline } from "./words.js";

const pageRoot = document.documentElement;
/** How often an edit is rehearsed, and the milliseconds of one beyond which it is long enough. */
const REHEARSALS = 4;
const LONG_REHEARSAL = 300;
/** How far below and above the screen panels come to life first. */
const MARGIN = "1500px";

/** What was built, and what was typed since, by the keys of blocks' cells. */
const built = new Map();
/** @type {Map<number, Edit>} */
const edited = new Map();
/** The formulas of cells that the model fills, as built. @type {Map<number, string>} */
const formulas = new Map();
/** What is to be put into cells next: the last value that was given for each. @type {Map<number, Edit>} */
const waiting = new Map();
/** What is being computed. @type {Map<number, Edit>} */
let computing = new Map();
/** @type {Array<function(Set<number>): void>} */
const listeners = [];
/** @type {?import("./client.js").Client} */
let engine = null;
/** @type {?Promise<void>} what ends when all that waits is drawn */
let running = null;
let sayAlive;
const firstAlive = new Promise((resolve) => (sayAlive = resolve));

/** The key of an entry of a block, at its home. @param {string} name @param {number} row
 * @param {number} column  from 0 */
export function keyOfEntry(name, row, column) {
  const info = outline.blocks[name];
  const [rows, columns] = info?.shape ?? [0, 0];
  const isInside = row >= 0 && row < rows && column >= 0 && column < columns;
  if (!isInside) throw new RangeError(`${name} has no row ${row}, column ${column}`);
  const [sheet, top, left] = info.at;
  return keyOf(sheet, top + row, left + column);
}

export const page = {
  get outline() {
    return outline;
  },

  /** What the page is doing: `shown`, `live`, `calculating` or `failed`. */
  get state() {
    return pageRoot.dataset.state;
  },

  /** What a cell holds, as exactly as it is known. @param {number} key @returns {Value | undefined} */
  value: (key) => values.get(key),

  /** What an entry of a block is. @returns {Value | undefined} */
  entry: (name, row, column) => values.get(keyOfEntry(name, row, column)),

  /** Resolves once the engine runs and everything is drawn from it. */
  alive: firstAlive,

  /** The formula of a cell as in the sheet, once the engine runs; "" where it has none. @param {number} key */
  formula: (key) => firstAlive.then(() => engine.formula(key)),

  /** The values of cells as the engine has them now, once it runs. @param {Float64Array} keys */
  read: (keys) => firstAlive.then(() => engine.read(keys)),

  /** Have the values of cells known, also of those that the page shows nowhere. @param {number[]} keys */
  async know(keys) {
    const unknown = keys.filter((key) => !values.has(key));
    if (!unknown.length) return;
    const { keys: told, values: now } = await engine.watch(Float64Array.from(unknown));
    told.forEach((key, k) => values.set(key, now[k]));
  },

  /**
   * Put values into inputs; texts count as if they had been typed.
   * @param {Edit[]} edits @returns {Promise<void>} ends when all is drawn
   */
  edit(edits) {
    for (const { block, row, column, value } of edits) putValue(block, row, column, value);
    return workAll();
  },

  /** Make all as it was built. */
  reset() {
    for (const { block, row, column } of edited.values()) putBuilt(block, row, column);
    return workAll();
  },

  /** What differs from what was built. @returns {Edit[]} */
  edits: () => [...edited.values()].map((edit) => ({ ...edit })),

  /** Have a function told of the keys of changed cells, whenever some have changed. */
  onChange(listener) {
    listeners.push(listener);
  },
};

/** Let a value wait to be put into an entry of a block; a text counts as typed. */
function putValue(name, row, column, value) {
  const info = outline.blocks[name];
  if (!info?.edit) throw new RangeError(`${name} cannot be edited`);
  const meant = taken(value, { isText: info.text, list: listOf(info.choices) });
  waiting.set(keyOfEntry(name, row, column), { block: name, row, column, value: meant });
}

/** Let an entry of a block wait to become what it was built as. */
function putBuilt(name, row, column) {
  const key = keyOfEntry(name, row, column);
  waiting.set(key, { block: name, row, column, value: built.get(key), asBuilt: true });
}

/** Say what the page is doing. */
function showState() {
  if (page.state !== "live" && page.state !== "calculating") return;
  const state = running || isTyping() ? "calculating" : "live";
  if (page.state !== state) pageRoot.dataset.state = state;
}

/** Work off what waits, until nothing does. */
function workAll() {
  if (!running && waiting.size) {
    running = firstAlive.then(workOff).finally(() => {
      running = null;
      showState();
    });
    showState();
  }
  return running ?? firstAlive;
}

async function workOff() {
  while (waiting.size && page.state !== "failed") {
    computing = new Map(waiting);
    waiting.clear();
    await compute(computing).catch(failPage);
    computing.clear();
  }
}

/** Have the engine compute, and draw what changed. @param {Map<number, Edit>} edits */
async function compute(edits) {
  const start = performance.now();
  const changes = [];
  for (const [key, edit] of edits) {
    if (isMade(edit) && !formulas.has(key)) formulas.set(key, await engine.formula(key));
    if (typeof edit.value === "string" && edit.value.length > 1 && edit.value.startsWith("=")) {
      if (!outline.blocks[edit.block].text) await evaluate(key, edit, changes);
    }
  }
  const cells = Array.from(edits, ([key, edit]) => cellToSet(key, edit));
  const { changed, milliseconds, reading } = await engine.edit(cells);
  changes.push(changed);
  for (const [key, edit] of edits) noteEdit(key, edit);
  const computed = performance.now();
  drawChanges(changes, edits.keys());
  const end = performance.now();
  const detail = { engine: milliseconds, reading, drawing: end - computed };
  performance.measure("xlt-edit", { start, end, detail });
}

/** Whether the model itself fills the cell, as built. @param {Edit} edit */
function isMade({ block, row }) {
  return outline.blocks[block].generated?.includes(row) ?? false;
}

/** Let a formula that was typed stand for what it gives; where it is none, it stays a text. */
async function evaluate(key, edit, changes) {
  try {
    const { changed } = await engine.edit([{ key, formula: edit.value.slice(1) }]);
    changes.push(changed);
    const [value] = (await engine.watch(Float64Array.of(key))).values;
    edit.value = value;
  } catch {
    // It is told beside the field that this is no number.
  }
}

/** What the engine is to put into a cell. @param {number} key @param {Edit} edit */
function cellToSet(key, edit) {
  const { value, asBuilt } = edit;
  if (asBuilt && formulas.get(key)) return { key, formula: formulas.get(key).replace(/^=/, "") };
  if (isError(value)) return { key, formula: value.error };
  return { key, value };
}

/** Keep what differs from what was built. @param {number} key @param {Edit} edit */
function noteEdit(key, edit) {
  const { block, row, column, value, asBuilt } = edit;
  if (asBuilt || (inFull(value) === inFull(built.get(key)) && !isMade(edit))) {
    edited.delete(key);
  } else {
    edited.set(key, { block, row, column, value: isError(value) ? value.error : value });
  }
}

/**
 * Draw what has changed, and once more what was typed.
 * @param {Values[]} changes @param {Iterable<number>} entered
 */
function drawChanges(changes, entered = []) {
  const keys = new Set();
  for (const { keys: changed, values: now } of changes) {
    for (let k = 0; k < changed.length; k++) {
      keys.add(changed[k]);
      drawValue(changed[k], now[k]);
    }
  }
  for (const key of entered) if (!keys.has(key)) drawValue(key, values.get(key) ?? null);
  fillLists(keys);
  finishDrawings();
  for (const listener of listeners) listener(keys);
}

/** Offer in lists what their blocks hold now. @param {Set<number>} [changed] */
function fillLists(changed) {
  for (const name of listedBlocks()) {
    if (!outline.blocks[name]) continue;
    const keys = keysOfBlock(name);
    if (changed && !keys.some((key) => changed.has(key))) continue;
    setList(name, keys.map((key) => inFull(values.get(key))));
  }
}

/** The keys of a block's cells, row by row. @param {string} name */
function keysOfBlock(name) {
  const { at, shape } = outline.blocks[name];
  const [sheet, top, left] = at;
  const place = (k) => keyOf(sheet, top + Math.floor(k / shape[1]), left + (k % shape[1]));
  return Array.from({ length: shape[0] * shape[1] }, (_, k) => place(k));
}

/**
 * Bring the page to life: what is seen first, the rest whenever there is time, then all from the engine.
 * @param {Object<string, any>} read  the outline
 * @param {import("./client.js").Client} client  which loads the workbook already
 */
export async function startLive(read, client) {
  knowOutline(read);
  engine = client;
  listenToFields(enterTyped, showState);
  document.getElementById("reset")?.addEventListener("click", () => page.reset());
  const hydrateRest = hydrateAll();
  try {
    await engine.start({ extra: outline.extra, recalculate: outline.recalculate });
    hydrateRest();
    await takeAll();
  } catch (error) {
    failPage(error);
    hydrateRest();
    await takeFromFile();
    return;
  }
  pageRoot.dataset.state = "live";
  showState();
  sayAlive();
  await running;
  await rehearse().catch(() => {}); // the next edit would meet the same error, and tell
}

/**
 * Have everything calculated once, and then an edit that changes nothing, as the first times take longer. Draws
 * what the engine sees in another way than the values as saved.
 */
async function rehearse() {
  await engine.settle();
  const key = keyToRehearse();
  if (key === undefined || (await engine.formula(key)) !== "") return;
  for (let left = REHEARSALS; left > 0 && !running; left--) {
    const { changed, milliseconds } = await engine.edit([{ key, value: values.get(key) }]);
    if (changed.keys.length) drawChanges([changed]);
    if (milliseconds > LONG_REHEARSAL) return;
  }
}

/** A cell to rehearse with: a word, or else another input, that the model does not fill itself. */
function keyToRehearse() {
  const blocks = Object.entries(outline.blocks).filter(([, { edit, generated }]) => edit && !generated?.length);
  blocks.sort(([, one], [, other]) => Number(other.edit === "word") - Number(one.edit === "word"));
  const keys = blocks.flatMap(([name]) => keysOfBlock(name));
  return keys.find((key) => ["string", "number"].includes(typeof values.get(key)) && values.get(key) !== "");
}

/** Take every value from the engine: of cells that the page shows, and of blocks that it may ask for. */
async function takeAll() {
  const keys = new Set(shownKeys());
  for (const name of Object.keys(outline.blocks)) for (const key of keysOfBlock(name)) keys.add(key);
  const now = await engine.watch(Float64Array.from(keys));
  drawChanges([now]);
  for (const [name, { edit }] of Object.entries(outline.blocks)) {
    if (edit) for (const key of keysOfBlock(name)) built.set(key, values.get(key) ?? null);
  }
}

/** Without an engine, take what stands in the workbook's file, unless that is old: as exactly as it was built. */
async function takeFromFile() {
  if (outline.recalculate) return;
  try {
    const held = await readValues(await unpack(document.getElementById("workbook").textContent));
    const keys = [...shownKeys()].filter((key) => held.has(key));
    drawChanges([{ keys, values: keys.map((key) => held.get(key)) }]);
  } catch {
    // A damaged file, or a browser that cannot unpack it: what was written into the page stays.
  }
}

/** What was typed into a field is to count; what is taken back becomes again what it was `asBuilt`. */
function enterTyped(field, value, asBuilt = false) {
  const { block, row, column } = field.entry;
  const key = keyOfEntry(block, row, column);
  const going = waiting.get(key) ?? computing.get(key);
  const isSameValue = inFull(value) === inFull(going ? going.value : values.get(key));
  const isOwn = going || edited.has(key) || !isMade(field.entry);
  if (isSameValue && isOwn) return;
  if (asBuilt && inFull(value) === inFull(built.get(key))) putBuilt(block, row, column);
  else putValue(block, row, column, value);
  workAll();
}

/** Begin to bring everything to life. Returns what does the rest at once. */
function hydrateAll() {
  const rest = drawnIn(document);
  const first = document.getElementById("start");
  const some = (elements) => {
    elements.forEach(hydrate);
    fillLists();
    finishDrawings();
  };
  if (first) some(drawnIn(first));
  const near = new IntersectionObserver(
    (entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        some(drawnIn(target));
      }
    },
    { rootMargin: MARGIN },
  );
  for (const panel of document.querySelectorAll("#steps article")) near.observe(panel);
  return whenIdle(rest, hydrate, () => {
    near.disconnect();
    pageRoot.dataset.ready = "all";
    fillLists();
    finishDrawings();
  });
}

/**
 * Say why nothing is calculated; everything stays as it is, and nothing can be edited.
 * @param {unknown} error
 */
export function failPage(error) {
  pageRoot.dataset.state = "failed";
  waiting.clear();
  lockFields();
  const told = document.getElementById("failure");
  const { said = "{reason}", wasm, old, damaged } = told.dataset;
  let reason = String(error instanceof Error ? error.message : error).split("\n")[0];
  if (typeof DecompressionStream === "undefined") reason = old;
  else if (typeof WebAssembly === "undefined") reason = wasm;
  else if (reason.startsWith("damaged")) reason = damaged;
  told.textContent = filledIn(said, { reason });
  told.hidden = false;
}
