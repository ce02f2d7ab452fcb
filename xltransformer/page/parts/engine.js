// The spreadsheet engine behind a few functions, so that another one can take its place: start it from its
// bytes, load a workbook, set cells, recalculate, read values and formulas. Here it is Formulon, whose
// WebAssembly has a C interface: texts go in as copies that end in NUL, and come out as borrowed pointers that are
// read at once, as the next call may overwrite them. Rows, columns and sheets count from 0.

/** @typedef {{error: string}} CellError */
/** @typedef {number | string | boolean | null | CellError} Value  null is an empty cell */

/** The most characters a cell holds, in every spreadsheet program. */
const LONGEST_TEXT = 32767;
/** What a borrowed fm_value_t says it is, in its first four bytes; the value stands in its last eight. */
const IS_NUMBER = 1;
const IS_BOOLEAN = 2;
const IS_TEXT = 3;
const IS_ERROR = 4;
/** Bytes for what the engine hands back: five words and a value. */
const ROOM = 64;
/** Errno of WASI for what the engine may not do here: it has no files and no screen. */
const NOT_ALLOWED = 8;

/** One workbook in the engine. */
export class Engine {
  /** @param {WebAssembly.Instance} instance */
  constructor(instance) {
    this.calls = /** @type {any} */ (instance.exports);
    this.calls._initialize?.();
    this.workbook = 0;
    this.room = this.calls.malloc(ROOM);
    this.decoder = new TextDecoder();
    this.encoder = new TextEncoder();
    this.refresh();
  }

  /**
   * Start the engine from the bytes of its WebAssembly, or from what they were compiled to.
   * @param {BufferSource | WebAssembly.Module} source
   */
  static async start(source) {
    const module = source instanceof WebAssembly.Module ? source : await WebAssembly.compile(source);
    /** @type {{memory: WebAssembly.Memory | null}} */
    const own = { memory: null };
    const instance = await WebAssembly.instantiate(module, surroundings(own));
    own.memory = /** @type {WebAssembly.Memory} */ (instance.exports.memory);
    return new Engine(instance);
  }

  /** Memory that has grown has a new buffer; views of the old one are empty. */
  refresh() {
    const buffer = this.calls.memory.buffer;
    if (this.buffer === buffer) {
      return;
    }
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(buffer);
    this.numbers = new Float64Array(buffer);
  }

  /**
   * Call a function of the engine that says how it went.
   * @param {string} name
   * @param {...number} given
   */
  call(name, ...given) {
    const status = this.calls[name](...given);
    this.refresh();
    if (status !== 0) {
      throw new Error(`${name}: ${this.textAt(this.calls.fm_last_error_message()) || `error ${status}`}`);
    }
  }

  /**
   * Call it with a text as its last argument.
   * @param {string} name
   * @param {string} text
   * @param {...number} given
   */
  callWithText(name, text, ...given) {
    const bytes = this.encoder.encode(text.replaceAll("\0", "").slice(0, LONGEST_TEXT));
    const pointer = this.calls.malloc(bytes.length + 1);
    this.refresh();
    this.bytes.set(bytes, pointer);
    this.bytes[pointer + bytes.length] = 0;
    try {
      this.call(name, ...given, pointer);
    } finally {
      this.calls.free(pointer);
    }
  }

  /** @param {number} pointer */
  textAt(pointer) {
    if (pointer === 0) {
      return "";
    }
    this.refresh();
    return this.decoder.decode(this.bytes.subarray(pointer, this.bytes.indexOf(0, pointer)));
  }

  /**
   * Load a workbook from the bytes of its .xlsx file, with the values it was saved with.
   * @param {Uint8Array} file
   */
  load(file) {
    const pointer = this.calls.malloc(file.length);
    this.refresh();
    this.bytes.set(file, pointer);
    try {
      this.call("fm_workbook_load", pointer, file.length, this.room);
    } finally {
      this.calls.free(pointer);
    }
    this.workbook = this.words[this.room >> 2];
  }

  /** @returns {string[]} */
  sheetNames() {
    const names = [];
    for (let sheet = 0; sheet < this.calls.fm_workbook_sheet_count(this.workbook); sheet += 1) {
      this.call("fm_workbook_sheet_name", this.workbook, sheet, this.room);
      names.push(this.textAt(this.words[this.room >> 2]));
    }
    return names;
  }

  /**
   * Add a sheet behind the others.
   * @param {string} name
   * @returns {number} which one it is
   */
  addSheet(name) {
    this.callWithText("fm_workbook_add_sheet", name, this.workbook);
    return this.calls.fm_workbook_sheet_count(this.workbook) - 1;
  }

  /**
   * Put a value into a cell; what depends on it follows with `recalculate`.
   * @param {number} sheet
   * @param {number} row
   * @param {number} column
   * @param {number | string | boolean | null} value
   */
  set(sheet, row, column, value) {
    const cell = [this.workbook, sheet, row, column];
    if (value === null || value === "") {
      this.call("fm_workbook_set_blank", ...cell);
    } else if (typeof value === "boolean") {
      this.call("fm_workbook_set_bool", ...cell, Number(value));
    } else if (typeof value === "number" && Number.isFinite(value)) {
      this.call("fm_workbook_set_number", ...cell, value);
    } else {
      this.callWithText("fm_workbook_set_text", String(value), ...cell);
    }
  }

  /**
   * Put a formula into a cell, which shows what it held before until the next `recalculate`.
   * @param {number} sheet
   * @param {number} row
   * @param {number} column
   * @param {string} formula
   */
  setFormula(sheet, row, column, formula) {
    this.callWithText("fm_workbook_set_formula", formula, this.workbook, sheet, row, column);
  }

  /** Calculate what the edits since the last time reach; the first time after a load that is everything. */
  recalculate() {
    this.call("fm_workbook_recalc", this.workbook);
  }

  /**
   * The value of a cell, as the last recalculation left it. An error such as #N/A is a value, too.
   * @param {number} sheet
   * @param {number} row
   * @param {number} column
   * @returns {Value}
   */
  read(sheet, row, column) {
    const place = this.room >> 2;
    // Called tens of thousands of times after an edit: no copies, no checks that can wait.
    if (this.calls.fm_workbook_get_value(this.workbook, sheet, row, column, this.room) !== 0) {
      return null;
    }
    this.refresh();
    const kind = this.words[place];
    if (kind === IS_NUMBER) {
      return this.numbers[(this.room + 8) >> 3] + 0;
    }
    const content = this.words[place + 2];
    if (kind === IS_TEXT) {
      return this.textAt(content);
    }
    if (kind === IS_BOOLEAN) {
      return content !== 0;
    }
    return kind === IS_ERROR ? { error: this.textAt(this.calls.fm_error_display_name(content)) } : null;
  }

  /**
   * The formula of a cell, with its equals sign, and in braces where it is that of an array the cell belongs to;
   * "" where it has none.
   * @param {number} sheet
   * @param {number} row
   * @param {number} column
   */
  formula(sheet, row, column) {
    this.call("fm_workbook_spill_info", this.workbook, sheet, row, column, this.room);
    const start = this.room >> 2;
    const [topRow, leftColumn, , , isArray] = this.words.subarray(start, start + 5);
    const [fromRow, fromColumn] = isArray ? [topRow, leftColumn] : [row, column];
    this.call("fm_workbook_get_formula", this.workbook, sheet, fromRow, fromColumn, this.room);
    const text = this.textAt(this.words[start]);
    const formula = text === "" || text.startsWith("=") ? text : `=${text}`;
    return isArray ? `{${formula}}` : formula;
  }
}

/**
 * What the engine asks of the system it runs in: the time, random bytes, and that its memory may grow.
 * @param {{memory: WebAssembly.Memory | null}} own
 */
function surroundings(own) {
  const view = () => new DataView(/** @type {WebAssembly.Memory} */ (own.memory).buffer);
  const refuse = () => NOT_ALLOWED;
  return {
    env: { emscripten_notify_memory_growth() {} },
    wasi_snapshot_preview1: {
      /** @param {number} _clock @param {bigint} _precision @param {number} pointer */
      clock_time_get(_clock, _precision, pointer) {
        view().setBigUint64(pointer, BigInt(Date.now()) * 1_000_000n, true);
        return 0;
      },
      /** @param {number} pointer @param {number} length */
      random_get(pointer, length) {
        const most = 65536; // of one call
        for (let start = 0; start < length; start += most) {
          crypto.getRandomValues(new Uint8Array(view().buffer, pointer + start, Math.min(most, length - start)));
        }
        return 0;
      },
      /** @param {number} count @param {number} size */
      environ_sizes_get(count, size) {
        view().setUint32(count, 0, true);
        view().setUint32(size, 0, true);
        return 0;
      },
      environ_get: () => 0,
      fd_write: refuse,
      fd_close: refuse,
      fd_seek: refuse,
    },
  };
}
