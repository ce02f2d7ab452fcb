// A link holds the edits, in its fragment: #words.3=keyboard&embeddings.2.1=0.5. Rows and columns count from 1; a
// column stands there where the block has several, a row likewise. A step that is named comes first: #p-2-1&…

/**
 * The edits that a fragment holds, with the parts that say nothing here and the step that it names.
 * @param {string} fragment without its #
 * @param {Record<string, {shape: [number, number], edit: string | null, text: boolean}>} blocks
 */
export function readFragment(fragment, blocks) {
  /** @type {{step: string, edits: import("./live.js").Edit[], bad: string[]}} */
  const read = { step: "", edits: [], bad: [] };
  for (const [index, part] of fragment.split("&").entries()) {
    if (part === "") continue;
    const text = plainPart(part);
    if (text !== null && !text.includes("=") && index === 0) {
      read.step = text;
      continue;
    }
    const edit = text === null ? null : readEdit(part, blocks);
    if (edit === null) read.bad.push(text ?? part);
    else read.edits.push(edit);
  }
  return read;
}

/** @param {string} part */
function plainPart(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return null; // a lone %
  }
}

/**
 * @param {string} part
 * @param {Parameters<typeof readFragment>[1]} blocks
 */
function readEdit(part, blocks) {
  const at = part.indexOf("=");
  if (at < 0) return null;
  const named = placeNamed(decodeURIComponent(part.slice(0, at)), blocks);
  const value = decodeURIComponent(part.slice(at + 1));
  // A formula could ask for anything: a link holds values.
  if (named === null || (!blocks[named.block].text && value.startsWith("="))) return null;
  return { ...named, value };
}

/**
 * The entry that a part names; null where there is no such one that can be edited.
 * @param {string} name
 * @param {Parameters<typeof readFragment>[1]} blocks
 */
function placeNamed(name, blocks) {
  const parts = name.split(".");
  for (let last = parts.length; last >= parts.length - 2 && last > 0; last -= 1) {
    const block = parts.slice(0, last).join(".");
    const told = parts.slice(last);
    if (!Object.hasOwn(blocks, block) || !blocks[block].edit) continue;
    const { shape } = blocks[block];
    if (told.length !== toldOf(shape) || !told.every((one) => /^[1-9]\d*$/.test(one))) continue;
    const [row, column] = [Number(told[0] ?? 1) - 1, Number(told[1] ?? 1) - 1];
    if (row < shape[0] && column < shape[1]) return { block, row, column };
  }
  return null;
}

/**
 * How many numbers name an entry of a block.
 * @param {[number, number]} shape
 */
function toldOf([rows, columns]) {
  return columns > 1 ? 2 : Number(rows > 1);
}

/**
 * A fragment that holds edits, after the step that it names.
 * @param {import("./live.js").Edit[]} edits
 * @param {Parameters<typeof readFragment>[1]} blocks
 * @param {string} [step]
 */
export function writtenFragment(edits, blocks, step = "") {
  const parts = edits.map(({ block, row, column, value }) => {
    const place = [row + 1, column + 1].slice(0, toldOf(blocks[block].shape));
    return `${[block, ...place].map(linkText).join(".")}=${linkText(value ?? "")}`;
  });
  return [...(step ? [linkText(step)] : []), ...parts].join("&");
}

/**
 * A text within a fragment; signs that mean nothing there stay as they are.
 * @param {unknown} text
 */
function linkText(text) {
  return encodeURIComponent(String(text)).replace(/%(3A|2C|2F|3B|40)/g, decodeURIComponent);
}
