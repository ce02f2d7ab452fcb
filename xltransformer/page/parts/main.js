// Starts everything: first the engine, which takes longest, while the page is still read; then what the page keeps
// packed, what listens to the cells, and the cells.
import { Client } from "./client.js";
import { startGoing } from "./going.js";
import { startLink } from "./link.js";
import { failPage, startLive } from "./live.js";
import { readOutline, showMore } from "./more.js";
import { startOrigin } from "./origin.js";
import { startPictures } from "./pictures.js";
import { startSaving } from "./saving.js";
import { followSteps, startSteps } from "./steps.js";

async function startPage() {
  const client = new Client();
  client.begin({
    engine: globalThis.xltEngine ?? document.getElementById("engine").textContent,
    workbook: document.getElementById("workbook").textContent,
  });
  if (document.readyState === "loading") {
    await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
  }
  startSteps();
  const outline = await readOutline();
  await showMore();
  followSteps();
  startGoing();
  const live = startLive(outline, client);
  startPictures();
  startOrigin();
  startSaving();
  startLink();
  await live;
}

if (typeof document !== "undefined") {
  startPage().catch(failPage);
}
