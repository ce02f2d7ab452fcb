// The first screen: experiments that tick themselves and lead to their fields, and the line of state.
import { keyNamed } from "./cells.js";
import { page } from "./live.js";

/** Bring the first screen to life. */
export function startFirst() {
  page.onChange(() => {
    tickExperiments();
    tellState();
    tellDraws();
  });
  document.getElementById("reset").addEventListener("click", () => page.reset());
  for (const link of document.querySelectorAll(".to-field")) leadToField(link);
}

/** Of each experiment, whether the sheet says that it was done. */
function tickExperiments() {
  for (const experiment of document.querySelectorAll("[data-experiment]")) {
    const mark = experiment.querySelector(".mark");
    const isDone = page.value(keyNamed(mark.dataset.cell)) === "✓";
    experiment.dataset.done = String(isDone);
  }
}

/** The line of state stands out where something is amiss. */
function tellState() {
  const line = document.querySelector("[data-state-line]");
  const said = page.value(keyNamed(line.dataset.cell));
  line.dataset.amiss = String(typeof said !== "string" || !said.startsWith("✓"));
}

/** Whether the draws choose anything: where they do not, a small screen leaves them out. */
function tellDraws() {
  for (const told of document.querySelectorAll("[data-used]")) {
    told.toggleAttribute("data-idle", page.value(keyNamed(told.dataset.cell)) !== told.dataset.used);
  }
}

/**
 * A link to a field shows which one is meant while it is pointed at, and puts the cursor there.
 * @param {HTMLElement} link
 */
function leadToField(link) {
  const { to: block, toRow: row, toColumn: column } = link.dataset;
  const field = () => {
    const cells = `[data-block="${CSS.escape(block)}"][data-row="${row}"][data-column="${column}"]`;
    const found = [...document.querySelectorAll(cells)].filter((cell) => cell.querySelector("input, select"));
    return found.find((cell) => cell.closest("#start")) ?? found[0];
  };
  const show = (isMeant) => field()?.classList.toggle("meant", isMeant);
  link.addEventListener("pointerenter", () => show(true));
  link.addEventListener("pointerleave", () => show(false));
  link.addEventListener("focus", () => show(true));
  link.addEventListener("blur", () => show(false));
  link.addEventListener("click", (event) => {
    const input = field()?.querySelector("input, select");
    if (!input) return;
    event.preventDefault();
    input.focus();
    if (input instanceof HTMLInputElement) input.select();
  });
}
