// What the page keeps packed: the outline, and the chapters that a small file has no room for.
import { unpack } from "./unpack.js";

/**
 * The text of a packed part of the page; empty where there is none.
 * @param {string} id
 * @returns {Promise<string>}
 */
async function packedText(id) {
  const packed = document.getElementById(id)?.textContent;
  return packed ? new TextDecoder().decode(await unpack(packed)) : "";
}

/**
 * What the page holds: sheets, blocks and where they lie; see contents.py.
 * @returns {Promise<object>}
 */
export async function readOutline() {
  return JSON.parse(await packedText("outline"));
}

/** Put the packed panels in their chapters. */
export async function showMore() {
  const html = await packedText("more");
  if (!html) {
    return;
  }
  const packed = document.getElementById("more");
  for (const chapter of [...document.createRange().createContextualFragment(html).children]) {
    const begun = document.getElementById(chapter.id);
    if (begun) begun.append(...chapter.querySelectorAll(":scope > .panel"));
    else packed.before(chapter);
  }
  packed.remove();
}
