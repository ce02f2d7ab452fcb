/**
 * Pictures: bars follow their numbers; planes and curves are drawn from the numbers in their tables. They move after
 * the numbers are there, and hold nothing up.
 */

import { keyNamed } from "./cells.js";
import { curveShapes, swatchOf } from "./curves.js";
import { page } from "./live.js";
import { planeShapes } from "./plane.js";
import { isStill, Scene, svgElement } from "./scene.js";
import { say } from "./words.js";

/** Below so many pixels across, letters are smaller. */
const SMALL = 260;
/** Whether the engine has told any numbers yet: until then those count that were built. */
let told = false;

/** The number that an element shows, as exactly as it is known; NaN where it is none. @param {HTMLElement} element */
function numberIn(element) {
  const value = told ? page.value(keyNamed(element.dataset.at)) : Number(element.dataset.built ?? NaN);
  return typeof value === "number" ? value : NaN;
}

/** Where a number lies between two others, as a share of the way. */
function partOfWay(value, low, high) {
  return Math.min(1, Math.max(0, (value - low) / (high - low)));
}

/** Bars: how long they are follows from their numbers. */
class BarsPicture {
  /** @param {HTMLElement} figure @param {{shares: boolean}} known */
  constructor(figure, { shares }) {
    this.shares = shares;
    this.table = figure.querySelector("table");
    this.rows = Array.from(this.table.tBodies[0].rows, (row) => ({
      row,
      name: row.querySelector("th"),
      bars: Array.from(row.querySelectorAll(".bar"), (bar) => ({ bar, number: bar.querySelector(".cell") })),
    }));
  }

  draw() {
    const rows = this.rows.map(({ bars }) => bars.map(({ number }) => numberIn(number) || 0));
    const every = rows.flat().filter(Number.isFinite);
    const [low, most] = this.shares ? [0, 1] : [Math.min(0, ...every), Math.max(0, ...every)];
    const high = most > low ? most : low + 1;
    this.table.style.setProperty("--zero", String(partOfWay(0, low, high)));
    this.rows.forEach(({ row, name, bars }, i) => {
      row.classList.toggle("empty", name.textContent.trim() === "" && rows[i].every((value) => value === 0));
      bars.forEach(({ bar }, k) => {
        bar.style.setProperty("--from", String(partOfWay(Math.min(0, rows[i][k]), low, high)));
        bar.style.setProperty("--to", String(partOfWay(Math.max(0, rows[i][k]), low, high)));
      });
    });
  }
}

/** What is drawn as an image, in the room that it has. */
class DrawnPicture {
  /** @param {HTMLElement} figure @param {object} known  what the outline says of it */
  constructor(figure, known) {
    this.known = known;
    this.room = figure.querySelector(".drawing");
    this.table = figure.querySelector(".points");
    const described = `${known.id}-desc`;
    const named = { role: "img", "aria-labelledby": `${known.id}-title`, "aria-describedby": described };
    const desc = svgElement("desc", { id: described });
    desc.textContent = say("drawn_from");
    this.image = svgElement("svg", named, desc, this.arrows());
    this.scene = new Scene(this.image.appendChild(svgElement("g")));
    this.room.replaceChildren(this.image);
    figure.querySelector(".numbers").open = false;
    figure.classList.add("alive");
    /** Its room, which is only asked for when it changes: that takes a layout of the page. */
    [this.width, this.height] = [0, 0];
    new ResizeObserver(([{ contentRect: { width, height } }]) => {
      [this.width, this.height] = [width, height];
      this.draw(false);
    }).observe(this.room);
  }

  /** The heads of arrows, of each colour. */
  arrows() {
    const heads = Array.from({ length: 6 }, (_, k) => {
      const size = { viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 8, markerHeight: 8, markerUnits: "userSpaceOnUse" };
      const id = `${this.known.id}-arrow-${k}`;
      return svgElement("marker", { id, orient: "auto", ...size }, svgElement("path", { d: "M0 0L8 4L0 8z", class: `tone-${k}` }));
    });
    return svgElement("defs", {}, ...heads);
  }

  /** @param {boolean} moving  whether it comes from what was drawn before */
  draw(moving = true) {
    const { width, height } = this;
    if (width < 20 || height < 20) return;
    this.image.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.image.classList.toggle("small", width < SMALL);
    this.scene.show(this.shapes(width, height, width < SMALL ? 10 : 11.5), moving);
  }
}

class PlanePicture extends DrawnPicture {
  shapes(width, height, size) {
    const [across, up] = Array.from(this.table.tHead.rows[0].cells, (cell) => cell.textContent).slice(1);
    const sentences = Array.from(this.table.tBodies, (body) => {
      const points = Array.from(body.rows, (row) => ({ kind: row.dataset.kind, row, ...pointIn(row) }));
      const [before, after] = ["before", "after"].map((kind) => points.find((point) => point.kind === kind));
      const there = after.name.trim() !== "";
      for (const one of [before, after]) [one.there, one.row.hidden] = [there, !there];
      return { words: points.filter((point) => point.kind === "word"), before, after };
    });
    return planeShapes(sentences, [across, up], width, height, size, this.known.id);
  }
}

/** A word's point, and what it is called in the picture. @param {HTMLTableRowElement} row */
function pointIn(row) {
  const [word, name] = row.cells[0].children;
  const [x, y] = Array.from(row.querySelectorAll(".cell"), numberIn);
  const there = word.textContent !== "";
  row.hidden = !there;
  return { x, y, name: name.textContent, there };
}

class CurvesPicture extends DrawnPicture {
  constructor(figure, known) {
    super(figure, known);
    figure.querySelectorAll(".legend li").forEach((line, k) => line.prepend(swatchOf(k, known.joined[k])));
  }

  shapes(width, height, size) {
    const heads = Array.from(this.table.tHead.rows[0].cells);
    const columns = heads.map((_, j) => Array.from(this.table.tBodies[0].rows, (row) => row.cells[j].querySelector(".cell")));
    const numbers = columns.map((column) => column.filter(Boolean).map(numberIn));
    const curves = [];
    let across = [];
    heads.forEach((head, j) => {
      if (head.dataset.curve === undefined) {
        across = numbers[j];
        return;
      }
      const points = numbers[j].map((y, k) => [across[k], y]).filter((point) => point.every(Number.isFinite));
      curves.push({ points, joined: this.known.joined[curves.length] });
    });
    return curveShapes(curves, this.known, width, height, size);
  }
}

const KINDS = { bars: BarsPicture, plane: PlanePicture, curves: CurvesPicture };

/** The keys of the cells that a picture shows. @param {HTMLElement} figure */
function keysIn(figure) {
  const shown = figure.querySelectorAll("[data-at], [data-cell]");
  return Array.from(shown, ({ dataset }) => keyNamed(dataset.cell ?? dataset.at));
}

/** Draw every picture, and again whenever what it shows has changed. */
export function startPictures() {
  const pictures = (page.outline.pictures ?? []).flatMap((known) => {
    const figure = document.getElementById(known.id);
    return figure ? [{ picture: new KINDS[known.kind](figure, known), keys: keysIn(figure) }] : [];
  });
  const waiting = new Set();
  const draw = () => {
    for (const picture of waiting) picture.draw();
    waiting.clear();
  };
  page.onChange((changed) => {
    told = true;
    const begun = waiting.size > 0;
    for (const { picture, keys } of pictures) if (keys.some((key) => changed.has(key))) waiting.add(picture);
    if (begun || !waiting.size) return;
    if (isStill()) setTimeout(draw);
    else requestAnimationFrame(draw);
  });
}
