/** Curves: numbers over numbers, each curve with a colour, a marker and a dash of its own. */

import { axesIn, MARKERS, markerForm, roomOfTicks, scaleOf } from "./plot.js";
import { svgElement } from "./scene.js";

/** @typedef {{points: number[][], joined: boolean}} Curve  points: x and y of each */

/** A curve through more points than these has small dots. */
const MOST_MARKED = 24;

/**
 * The shapes of curves; the first, whose markers are large and hollow, lies above the others.
 * @param {Curve[]} curves @param {{across: string, shares: boolean, whole: boolean}} told
 * @param {number} width @param {number} height @param {number} size  of letters @returns {Shape[]}
 */
export function curveShapes(curves, told, width, height, size) {
  const every = curves.flatMap(({ points }) => points);
  if (!every.length) return [];
  const [low, high] = told.shares ? [0, 1] : endsAround(every.map((point) => point[1]));
  const count = height / 40;
  const room = roomOfTicks(scaleOf(low, high, 0, 1, count).ticks, size);
  const box = { left: room, top: size + 8, right: width - 8, bottom: height - 2 * size - 8 };
  const xs = every.map((point) => point[0]);
  const across = scaleOf(...endsAround(xs, 0.03), box.left, box.right, width / 60, told.whole);
  const up = scaleOf(low, high, box.bottom, box.top, count);
  const middle = (box.left + box.right) / 2;
  const named = { key: "name across", tag: "text", look: "axis-name", said: told.across, anchor: "middle" };
  const drawn = curves.map((curve, k) => shapesOf(curve, k, (x, y) => [across.place(x), up.place(y)]));
  return [...axesIn(box, across, up, size), { ...named, at: [middle, height - 3] }, ...drawn.reverse().flat()];
}

/** The ends of numbers, with some room around them. @param {number[]} numbers */
function endsAround(numbers, room = 0.06) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return [low - room * (high - low), high + room * (high - low)];
}

/** The shapes of the k-th curve. @param {Curve} curve @param {function(number, number): number[]} at */
function shapesOf({ points, joined }, k, at) {
  const places = points.map(([x, y]) => at(x, y));
  const line = { key: `curve ${k}`, tag: "polyline", look: `curve dash-${k % 4} tone-${k % 6}`, at: places.flat() };
  const size = places.length > MOST_MARKED ? 3 : sizeOf(k);
  const form = markerForm(MARKERS[k % 4], size);
  const look = `marker tone-${k % 6}${k ? "" : " hollow"}`;
  const markers = places.map((place, i) => ({ key: `curve ${k} ${i}`, tag: "path", look, form, at: place }));
  return joined ? [line, ...markers] : markers;
}

/** How large the markers of the k-th curve are: of curves that coincide, each shows. @param {number} k */
function sizeOf(k) {
  return Math.max(5, 11 - 2.5 * k);
}

/** What stands in the legend before a curve's name. @param {number} k @param {boolean} joined */
export function swatchOf(k, joined) {
  const line = svgElement("polyline", { points: "1,6 27,6", class: `curve dash-${k % 4} tone-${k % 6}` });
  const form = markerForm(MARKERS[k % 4], Math.min(9, sizeOf(k)));
  const look = `marker tone-${k % 6}${k ? "" : " hollow"}`;
  const marker = svgElement("path", { d: form, transform: "translate(14 6)", class: look });
  const inside = joined ? [line, marker] : [marker];
  return svgElement("svg", { viewBox: "0 0 28 12", width: 28, height: 12, "aria-hidden": "true" }, ...inside);
}
