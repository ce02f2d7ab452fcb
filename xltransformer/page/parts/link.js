// A link holds the edits, in its fragment: #words.3=keyboard&embeddings.2.1=0.5. Rows and columns count from 1; a
// column stands there where the block has several, a row likewise. A step that is named comes first: #p-2-1&…

import { goTo } from "./going.js";
import { page } from "./live.js";
import { giveToCopy, noticePlace, tellNotice } from "./notice.js";
import { say } from "./words.js";

/** How long the address waits for further edits, in milliseconds: browsers count how often it changes. */
const ADDRESS_WAITS = 300;
/** So many parts of a link that say nothing here are told. */
const MOST_TOLD = 3;
let addressDue = 0;

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

/** Let the address hold the edits, and edits come from it. */
export async function startLink() {
  noticePlace();
  document.getElementById("copy-link")?.addEventListener("click", copyLink);
  const first = readFragment(location.hash.slice(1), page.outline.blocks);
  await page.alive;
  if (first.edits.length > 0 || first.bad.length > 0) await takeLink(first);
  showAddress();
  page.onChange(() => {
    clearTimeout(addressDue);
    addressDue = setTimeout(showAddress, ADDRESS_WAITS);
  });
  addEventListener("hashchange", followAddress);
}

/**
 * Make the edits of a link, in the place of all others, and go to the step that it names.
 * @param {ReturnType<typeof readFragment>} read
 */
async function takeLink({ step, edits, bad }) {
  if (page.edits().length > 0) await page.reset();
  await page.edit(edits);
  if (step) goTo(document.getElementById(step));
  if (bad.length === 0) return;
  const told = bad.slice(0, MOST_TOLD).map((part) => (part.length > 40 ? `${part.slice(0, 40)}…` : part));
  tellNotice(say("link_bad", { parts: told.join(", ") + (bad.length > MOST_TOLD ? ", …" : "") }), { stays: true });
}

/** A new address: another link, or a step to go to, which leaves the edits as they are; likewise the way back. */
async function followAddress() {
  const read = readFragment(location.hash.slice(1), page.outline.blocks);
  const isOurs = history.state?.xlt === true;
  const isStep = read.step !== "" && read.edits.length === 0 && read.bad.length === 0;
  if (!isOurs && !isStep) await takeLink(read);
  else if (read.step && isOurs) goTo(document.getElementById(read.step));
  showAddress();
}

/** Let the address hold the edits as they are; the step that it names stays there. */
function showAddress() {
  const { step } = readFragment(location.hash.slice(1), page.outline.blocks);
  const fragment = writtenFragment(page.edits(), page.outline.blocks, step);
  try {
    history.replaceState({ xlt: true }, "", fragment ? `#${fragment}` : location.href.split("#")[0]);
  } catch {
    // A frame or a browser that lets no page change its address: the button gives the link all the same.
  }
}

/** Put the link with the edits where it can be pasted from, or show it in a field. */
async function copyLink() {
  const edits = page.edits();
  const fragment = writtenFragment(edits, page.outline.blocks);
  const link = location.href.split("#")[0] + (fragment && `#${fragment}`);
  const key = edits.length === 0 ? "link_plain" : location.protocol === "file:" ? "link_here" : "link_copied";
  try {
    await navigator.clipboard.writeText(link);
    tellNotice(say(key));
  } catch {
    giveToCopy(say("link_copy"), link);
  }
}
