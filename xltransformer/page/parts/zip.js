// The parts of a workbook's package: taken out of its .zip archive, and put into one again (PKWARE's APPNOTE).

const ZIP_END = 0x06054b50;
const ZIP_ENTRY = 0x02014b50;
const ZIP_PART = 0x04034b50;
const ZIP_DEFLATED = 8;
const ZIP_UTF8 = 0x0800;
/** What stands for a size or place that is told elsewhere, in files beyond 4 GB. */
const ZIP_ELSEWHERE = 0xffffffff;

/**
 * A part as the archive has it: `data` is compressed by `method`, `crc` and `size` are of what it holds.
 * @typedef {{name: string, method: number, flags: number, when: number, crc: number, size: number,
 *   data: Uint8Array}} Part
 */

/**
 * The parts of an archive by their names, in its order. Throws where it is damaged.
 * @param {Uint8Array} bytes
 * @returns {Map<string, Part>}
 */
export function partsOf(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== ZIP_END) end -= 1;
  if (end < 0) throw new Error("the workbook is no whole .zip archive");
  const parts = new Map();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left -= 1) {
    if (view.getUint32(at, true) !== ZIP_ENTRY) throw new Error("the workbook's .zip archive is damaged");
    const [named, extra, remark] = [28, 30, 32].map((field) => view.getUint16(at + field, true));
    const [compressed, size, start] = [20, 24, 42].map((field) => view.getUint32(at + field, true));
    if ([compressed, size, start].includes(ZIP_ELSEWHERE)) throw new Error("the workbook is beyond 4 GB");
    const data = start + 30 + view.getUint16(start + 26, true) + view.getUint16(start + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + named));
    parts.set(name, {
      name,
      method: view.getUint16(at + 10, true),
      flags: view.getUint16(at + 8, true),
      when: view.getUint32(at + 12, true),
      crc: view.getUint32(at + 16, true),
      size,
      data: bytes.subarray(data, data + compressed),
    });
    at += 46 + named + extra + remark;
  }
  return parts;
}

/**
 * What a part holds, as text.
 * @param {Part} part
 * @returns {Promise<string>}
 */
export async function textOf(part) {
  const stored = part.method !== ZIP_DEFLATED;
  const data = stored ? part.data : await through(new DecompressionStream("deflate-raw"), part.data);
  return new TextDecoder().decode(data);
}

/**
 * The same part with another text, compressed.
 * @param {Part} part
 * @param {string} text
 * @returns {Promise<Part>}
 */
export async function withText(part, text) {
  const plain = new TextEncoder().encode(text);
  const data = await through(new CompressionStream("deflate-raw"), plain);
  return { ...part, method: ZIP_DEFLATED, crc: crcOf(plain), size: plain.length, data };
}

/**
 * An archive of parts, in their order.
 * @param {Iterable<Part>} parts
 * @returns {Uint8Array}
 */
export function archiveOf(parts) {
  const pieces = [];
  const directory = [];
  let at = 0;
  for (const part of parts) {
    const name = new TextEncoder().encode(part.name);
    const common = zipFields(part, name.length);
    directory.push(littleEndian([4, ZIP_ENTRY], [2, 20]), common);
    directory.push(littleEndian([2, 0], [2, 0], [2, 0], [4, 0], [4, at]), name);
    const before = [littleEndian([4, ZIP_PART]), common, name];
    pieces.push(...before, part.data);
    at += lengthOf(before) + part.data.length;
  }
  const count = directory.length / 4;
  const end = littleEndian(
    [4, ZIP_END], [2, 0], [2, 0], [2, count], [2, count], [4, lengthOf(directory)], [4, at], [2, 0]);
  return joinedBytes([...pieces, ...directory, end]);
}

/**
 * What a part's own head and its entry in the directory both tell; sizes stand there, so bit 3 of the flags, by
 * which they would follow after the data, is taken away.
 * @param {Part} part
 * @param {number} named
 */
function zipFields(part, named) {
  return littleEndian(
    [2, 20], [2, part.flags & ZIP_UTF8], [2, part.method], [4, part.when], [4, part.crc], [4, part.data.length],
    [4, part.size], [2, named], [2, 0]);
}

/**
 * Numbers as so many bytes each.
 * @param {...[number, number]} fields
 */
function littleEndian(...fields) {
  return Uint8Array.from(fields.flatMap(([width, value]) =>
    Array.from({ length: width }, (_, k) => (value >>> (8 * k)) & 255)));
}

/** @param {Uint8Array[]} pieces */
function lengthOf(pieces) {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** @param {Uint8Array[]} pieces */
function joinedBytes(pieces) {
  const whole = new Uint8Array(lengthOf(pieces));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

/**
 * Bytes as a stream transforms them.
 * @param {GenericTransformStream} stream
 * @param {Uint8Array} bytes
 */
async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}

/**
 * The checksum of a part (CRC-32).
 * @param {Uint8Array} bytes
 */
function crcOf(bytes) {
  const table = Uint32Array.from({ length: 256 }, (_, start) => {
    let crc = start;
    for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
    return crc;
  });
  let crc = 0xffffffff;
  for (const byte of bytes) crc = table[(crc ^ byte) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
