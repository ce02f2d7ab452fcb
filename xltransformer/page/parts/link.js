// The address of the page holds its edits, and a button copies it: whoever opens the link has the same edits.

import { readFragment, writtenFragment } from "./fragment.js";
import { goTo } from "./going.js";
import { page } from "./live.js";
import { giveToCopy, noticePlace, tellNotice } from "./notice.js";
import { say } from "./words.js";

/** How long the address waits for further edits, in milliseconds: browsers count how often it changes. */
const ADDRESS_WAITS = 300;
/** So many parts of a link that say nothing here are told. */
const MOST_TOLD = 3;
let addressDue = 0;

/** Let the address hold the edits, and edits come from it. */
export async function startLink() {
  noticePlace();
  document.getElementById("copy-link")?.addEventListener("click", copyLink);
  const first = readFragment(location.hash.slice(1), page.outline.blocks);
  goTo(document.getElementById(first.step));
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
  goTo(document.getElementById(step));
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
  else if (isOurs) goTo(document.getElementById(read.step));
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
