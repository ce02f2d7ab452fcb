// Bytes that stand in the page as text (page/packing.py writes them): a line "deflate:LENGTH" or "plain:LENGTH",
// then pairs of printable characters, the second digit to the base of 91 first, each pair worth 13 bits. Line ends
// do not count, so that editors and mail may change them.

const PACKED_DIGITS = 91;
const PACKED_BITS = 13;
/** Printable characters that are no digits: those that end a script or a text in one. */
const NOT_PACKED = " \"<\\";

/** What each character counts as a digit, by its code. */
function packedDigits() {
  const digits = new Uint8Array(128).fill(255);
  let next = 0;
  for (let code = 32; code < 127; code += 1) {
    if (!NOT_PACKED.includes(String.fromCharCode(code))) {
      digits[code] = next;
      next += 1;
    }
  }
  return digits;
}

/**
 * The bytes that a packed text stands for.
 * @param {string} text
 * @returns {Promise<Uint8Array>}
 */
export async function unpack(text) {
  const head = /^\s*(deflate|plain):(\d+)\s/.exec(text);
  if (!head) {
    throw new Error("damaged: a packed part of the page has no length");
  }
  const bytes = unpackDigits(text, head[0].length, Number(head[2]));
  return head[1] === "deflate" ? inflate(bytes) : bytes;
}

/**
 * @param {string} text
 * @param {number} start where its digits begin
 * @param {number} length of the bytes
 */
function unpackDigits(text, start, length) {
  const digits = packedDigits();
  const bytes = new Uint8Array(length);
  let low = -1; // the first of a pair
  let held = 0; // bits that are not yet a byte
  let count = 0; // how many they are
  let done = 0;
  for (let at = start; at < text.length; at += 1) {
    const digit = digits[text.charCodeAt(at) & 127];
    if (digit === 255) {
      continue;
    }
    if (low < 0) {
      low = digit;
      continue;
    }
    held = ((held << PACKED_BITS) | (digit * PACKED_DIGITS + low)) & 0xfffff;
    low = -1;
    count += PACKED_BITS;
    while (count >= 8 && done < length) {
      count -= 8;
      bytes[done] = held >> count;
      done += 1;
    }
  }
  if (done < length) {
    throw new Error(`damaged: a packed part of the page ends after ${done} of ${length} bytes`);
  }
  return bytes;
}

/**
 * @param {Uint8Array} bytes deflated, in the frame of zlib
 * @returns {Promise<Uint8Array>}
 */
async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch (error) {
    throw new Error(`damaged: ${error.message}`);
  }
}
