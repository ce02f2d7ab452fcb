/** The plane in which words move: points with their names, and a dashed arrow from before to after attention. */

import { placeNames } from "./labels.js";
import { axesIn, markerForm, roomOfTicks, scaleOf, widthOf } from "./plot.js";

/**
 * @typedef {{x: number, y: number, name: string, there: boolean}} Point  `there`: whether it is of a word at all
 * @typedef {{words: Point[], before: Point, after: Point}} Moved
 */

/** Room around the points, as a share of how far they lie apart. */
const AROUND = 0.12;
/** How large markers are, and a point's dot, in pixels. */
const [MARKER, DOT] = [9, 5];

/**
 * The shapes of a plane of some size.
 * @param {Moved[]} sentences @param {string[]} axes  what lies across, and up
 * @param {number} width @param {number} height @param {number} size  of letters @param {string} id
 * @returns {Shape[]}
 */
export function planeShapes(sentences, axes, width, height, size, id) {
  const shown = sentences.flatMap(({ words, before, after }) => [...words, before, after].filter(isShown));
  const [xs, ys] = [shown.map((point) => point.x), shown.map((point) => point.y)];
  if (!shown.length) return [];
  const [low, high] = endsOf(ys);
  const rough = scaleOf(low, high, 0, 1, height / 45);
  const box = { left: roomOfTicks(rough.ticks, size), top: size + 8, right: width - 6, bottom: height - size - 6 };
  const across = scaleOf(...endsOf(xs), box.left, box.right, width / 55);
  const up = scaleOf(low, high, box.bottom, box.top, height / 45);
  const at = (point) => [across.place(point.x), up.place(point.y)];
  const lines = sentences.map(({ before, after }) => (isShown(after) ? arrowBetween(at(before), at(after)) : null));
  return [
    ...axesIn(box, across, up, size).filter(({ tag, at: [x, y] }) => tag !== "text" || (x < width - 2 && y > box.top - 2)),
    { key: "name across", tag: "text", look: "axis-name", said: axes[0], at: [box.right, box.bottom - 4], anchor: "end" },
    { key: "name up", tag: "text", look: "axis-name", said: axes[1], at: [box.left, size], anchor: "start" },
    ...dotsOf(sentences, at),
    ...lines.flatMap((line, s) => (line ? [arrowOf(line, s, id)] : [])),
    ...markersOf(sentences, at),
    ...namesOf(sentences, at, lines.filter(Boolean), box, axes, size),
  ];
}

/** @param {Point} point */
function isShown({ x, y, there }) {
  return there && Number.isFinite(x) && Number.isFinite(y);
}

/** The smallest and the largest number, with some room around them. @param {number[]} numbers */
function endsOf(numbers) {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return [low - AROUND * (high - low), high + AROUND * (high - low)];
}

/** From where to where an arrow goes between two markers, of which it touches the second. */
function arrowBetween([x1, y1], [x2, y2]) {
  const far = Math.hypot(x2 - x1, y2 - y1);
  const part = Math.max(0, far - MARKER * 0.7) / (far || 1);
  return [x1, y1, x1 + (x2 - x1) * part, y1 + (y2 - y1) * part];
}

/** @param {number[]} line @param {number} s  the sentence @param {string} id  the picture's */
function arrowOf(line, s, id) {
  const long = Math.hypot(line[2] - line[0], line[3] - line[1]) > MARKER;
  const look = `move dash-${s % 4} tone-${s % 6}`;
  return { key: `move ${s}`, tag: "line", look, at: line, end: long ? `${id}-arrow-${s % 6}` : "none" };
}

/** @param {Moved[]} sentences @param {function(Point): number[]} at */
function dotsOf(sentences, at) {
  const form = markerForm("circle", DOT);
  const dot = (point, key) => ({ key, tag: "path", look: "point", form, at: at(point) });
  return sentences.flatMap(({ words }, s) => words.flatMap((one, k) => (isShown(one) ? [dot(one, `word ${s} ${k}`)] : [])));
}

/** The watched word: a square before, a diamond after, hollow of every second sentence. */
function markersOf(sentences, at) {
  const shapes = [];
  sentences.forEach(({ after }, s) => {
    const look = `after tone-${s % 6}${s % 2 ? " hollow" : ""}`;
    if (isShown(after)) shapes.push({ key: `after ${s}`, tag: "path", look, form: markerForm("diamond", MARKER), at: at(after) });
  });
  sentences.forEach(({ before }, s) => {
    const form = markerForm("square", MARKER - 1);
    if (isShown(before)) shapes.push({ key: `before ${s}`, tag: "path", look: "before", form, at: at(before) });
  });
  return shapes;
}

/** The names, the watched word's first. */
function namesOf(sentences, at, lines, box, axes, size) {
  const listed = [];
  const points = [];
  const add = (point, key, look, far) => {
    const [x, y] = at(point);
    points.push({ left: x - far + 2, right: x + far - 2, top: y - far + 2, bottom: y + far - 2 });
    const said = point.name.trim();
    if (said) listed.push({ key, look, said, x, y, far, width: widthOf(said, size, look !== "name") });
  };
  sentences.forEach(({ after }, s) => isShown(after) && add(after, `after ${s} name`, `name watched tone-${s % 6}`, 9));
  sentences.forEach(({ before }, s) => isShown(before) && add(before, `before ${s} name`, "name watched", 8));
  sentences.forEach(({ words }, s) => {
    words.forEach((word, k) => isShown(word) && add(word, `word ${s} ${k} name`, "name", 6));
  });
  const wide = widthOf(axes[0], size, true);
  const axis = { left: box.right - wide, right: box.right, top: box.bottom - size - 4, bottom: box.bottom };
  const spots = placeNames(listed, size + 2, box, [...points, axis, axis, axis], lines);
  return listed.map(({ key, look, said }, k) => ({ key, tag: "text", look, said, at: [spots[k].x, spots[k].y], anchor: "start" }));
}
