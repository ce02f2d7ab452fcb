/** What drawings of numbers over numbers have in common: scales, ticks, axes, markers. */

/**
 * @typedef {{left: number, top: number, right: number, bottom: number}} Box  in pixels
 * @typedef {{low: number, high: number, ticks: number[], place: function(number): number}} Scale
 */

/** Of curves and sentences: each has one of its own, round and round. */
export const MARKERS = ["circle", "diamond", "square", "triangle"];
/** What letters are measured with. */
const LETTERS = document.createElement("canvas").getContext("2d");
let family = "";

/** How wide a text is. @param {string} text @param {number} size  of its letters, in pixels */
export function widthOf(text, size, bold = false) {
  family ||= getComputedStyle(document.body).fontFamily;
  LETTERS.font = `${bold ? "bold " : ""}${size}px ${family}`;
  return LETTERS.measureText(text).width;
}

/** Round numbers from `low` to `high`, about so many. @param {boolean} whole  whether nothing lies between 1 and 2 */
export function ticksBetween(low, high, count, whole = false) {
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const least = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= rough * 0.999);
  const step = whole ? Math.max(1, Math.round(least)) : least;
  const first = Math.ceil(low / step - 1e-9);
  const ticks = [];
  for (let k = first; k * step <= high + step * 1e-9 && ticks.length < 100; k++) ticks.push(k * step);
  return ticks;
}

/** A tick as it is written: with as many digits as all of them take. @param {number[]} ticks @returns {string[]} */
export function saidTicks(ticks) {
  const step = ticks.length > 1 ? ticks[1] - ticks[0] : Math.abs(ticks[0] ?? 1) || 1;
  const size = Math.max(...ticks.map(Math.abs));
  if (size >= 1e6 || (size > 0 && step < 1e-5)) return ticks.map((tick) => (tick === 0 ? "0" : tick.toExponential(1)));
  const digits = Math.min(6, Math.max(0, -Math.floor(Math.log10(step) + 1e-9)));
  return ticks.map((tick) => (Math.abs(tick) < step / 1e6 ? 0 : tick).toFixed(digits).replace("-", "−"));
}

/**
 * From numbers to pixels; where all numbers are the same, there is some room around them.
 * @param {number} low @param {number} high @param {number} start @param {number} end  pixels
 * @param {number} count  about how many ticks @param {boolean} whole @returns {Scale}
 */
export function scaleOf(low, high, start, end, count, whole = false) {
  if (!(high > low)) [low, high] = [low - (Math.abs(low) || 1), high + (Math.abs(high) || 1)];
  const place = (value) => start + ((value - low) / (high - low)) * (end - start);
  return { low, high, ticks: ticksBetween(low, high, count, whole), place };
}

/** The form of a marker around where it stands. @param {string} marker @param {number} size  across, in pixels */
export function markerForm(marker, size) {
  const r = size / 2;
  if (marker === "circle") return `M${-r} 0a${r} ${r} 0 1 0 ${size} 0a${r} ${r} 0 1 0 ${-size} 0z`;
  if (marker === "diamond") return `M0 ${-r * 1.25}L${r * 1.25} 0L0 ${r * 1.25}L${-r * 1.25} 0z`;
  if (marker === "square") return `M${-r} ${-r}h${size}v${size}h${-size}z`;
  return `M0 ${-r * 1.2}L${r * 1.15} ${r * 0.9}H${-r * 1.15}z`;
}

/**
 * The shapes behind the points: lines at the ticks, the axes where they cross 0, and the numbers at the ticks.
 * @param {Box} box @param {Scale} across @param {Scale} up @param {number} size  of letters @returns {Shape[]}
 */
export function axesIn(box, across, up, size) {
  const shapes = [];
  const line = (key, look, at) => shapes.push({ key, tag: "line", look, at });
  const number = (key, said, at, anchor) => shapes.push({ key, tag: "text", look: "tick", said, at, anchor });
  const { left, top, right, bottom } = box;
  const [saidAcross, saidUp] = [saidTicks(across.ticks), saidTicks(up.ticks)];
  across.ticks.forEach((tick, k) => {
    const x = across.place(tick);
    line(`across ${k}`, tick === 0 ? "zero" : "grid", [x, top, x, bottom]);
    number(`across ${k} number`, saidAcross[k], [x, bottom + size + 2], "middle");
  });
  up.ticks.forEach((tick, k) => {
    const y = up.place(tick);
    line(`up ${k}`, tick === 0 ? "zero" : "grid", [left, y, right, y]);
    number(`up ${k} number`, saidUp[k], [left - 4, y + size / 3], "end");
  });
  line("axis across", "axis", [left, bottom, right, bottom]);
  line("axis up", "axis", [left, top, left, bottom]);
  return shapes;
}

/** How much room the numbers beside an axis take. @param {number[]} ticks @param {number} size */
export function roomOfTicks(ticks, size) {
  return Math.ceil(Math.max(0, ...saidTicks(ticks).map((said) => widthOf(said, size)))) + 6;
}
