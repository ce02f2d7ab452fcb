// The button that gives the workbook, with the edits made on the page.

import { isError } from "./cells.js";
import { keyOfEntry, page } from "./live.js";
import { tellNotice } from "./notice.js";
import { savedWorkbook } from "./rewriting.js";
import { unpack } from "./unpack.js";
import { say } from "./words.js";

/** Let the button give the workbook. */
export function startSaving() {
  const button = /** @type {HTMLButtonElement | null} */ (document.getElementById("download"));
  button?.addEventListener("click", async () => {
    button.disabled = true;
    try {
      giveFile(await workbookNow(), `${page.outline.name}.xlsx`);
    } catch (error) {
      tellNotice(say("download_failed", { reason: error instanceof Error ? error.message : String(error) }));
    } finally {
      button.disabled = false;
    }
  });
}

/** The page's workbook: as it was given, where nothing was edited. */
async function workbookNow() {
  if (["live", "calculating"].includes(page.state)) await page.edit([]); // what is still calculated belongs to it
  const bytes = await unpack(document.getElementById("workbook").textContent);
  const edits = page.edits().map(({ block, row, column, value }) => {
    const now = page.entry(block, row, column);
    return [keyOfEntry(block, row, column), { value: isError(now) ? now : value }];
  });
  return edits.length === 0 ? bytes : savedWorkbook(bytes, new Map(edits), page);
}

/**
 * @param {Uint8Array} bytes
 * @param {string} name
 */
function giveFile(bytes, name) {
  const type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}
