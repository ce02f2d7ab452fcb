// Starts everything: what the page keeps packed, then what listens to the cells, then the cells.
import { startLink } from "./link.js";
import { failPage, startLive } from "./live.js";
import { readOutline, showMore } from "./more.js";
import { startOrigin } from "./origin.js";
import { startPictures } from "./pictures.js";
import { startSaving } from "./saving.js";
import { followSteps, startSteps } from "./steps.js";

async function startPage() {
  startSteps();
  const outline = await readOutline();
  await showMore();
  followSteps();
  const live = startLive(outline);
  startPictures();
  startOrigin();
  startSaving();
  startLink();
  await live;
}

if (typeof document !== "undefined") {
  startPage().catch(failPage);
}
