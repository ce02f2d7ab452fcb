/**
 * A drawing (SVG) whose shapes move from where they are to where they shall be.
 *
 * @typedef {object} Shape
 * @property {string} key  what it is known by from one drawing to the next
 * @property {"line"|"polyline"|"path"|"text"} tag
 * @property {string} look  its classes
 * @property {number[]} at  a line's ends, a polyline's points, or where a path or a text stands: x, y, x, y …
 * @property {string} [form]  a path, around where it stands
 * @property {string} [said]  a text
 * @property {string} [anchor]  where a text begins: start, middle or end
 * @property {string} [end]  the marker at the end of a line
 */

const SVG = "http://www.w3.org/2000/svg";
/** How long shapes move, in milliseconds. */
const MOVE = 250;
const stillness = window.matchMedia("(prefers-reduced-motion: reduce)");

/** @param {string} tag @param {Object<string, string | number>} attributes @param {Node[]} inside */
export function svgElement(tag, attributes = {}, ...inside) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...inside);
  return element;
}

/** Whether nothing shall move: where that is asked for, or nobody would see it. */
export function isStill() {
  return stillness.matches || document.hidden;
}

export class Scene {
  /** @param {SVGElement} root */
  constructor(root) {
    this.root = root;
    /** @type {Map<string, {element: SVGElement, shape: Shape, from: number[], now: number[]}>} */
    this.drawn = new Map();
    this.frame = 0;
  }

  /** Draw shapes, of which later ones lie above earlier ones. @param {Shape[]} shapes @param {boolean} moving */
  show(shapes, moving) {
    cancelAnimationFrame(this.frame);
    const kept = new Set(shapes.map((shape) => shape.key));
    for (const [key, { element }] of this.drawn) {
      if (kept.has(key)) continue;
      element.remove();
      this.drawn.delete(key);
    }
    for (const shape of shapes) this.root.append(this.take(shape));
    if (!moving || isStill()) {
      this.move(1);
      return;
    }
    const start = performance.now();
    const step = (now) => {
      const part = Math.min(1, Math.max(0, now - start) / MOVE);
      this.move(part);
      if (part < 1) this.frame = requestAnimationFrame(step);
    };
    this.move(0);
    this.frame = requestAnimationFrame(step);
  }

  /** Have a shape's element, as it looks from now on. @param {Shape} shape */
  take(shape) {
    let one = this.drawn.get(shape.key);
    if (one === undefined || one.shape.tag !== shape.tag) {
      one?.element.remove();
      one = { element: svgElement(shape.tag), shape, from: shape.at, now: shape.at };
      this.drawn.set(shape.key, one);
    }
    const { element } = one;
    one.from = one.now.length === shape.at.length ? one.now : shape.at;
    one.shape = shape;
    element.setAttribute("class", shape.look);
    if (shape.form) element.setAttribute("d", shape.form);
    if (shape.end) element.setAttribute("marker-end", `url(#${shape.end})`);
    if (shape.anchor) element.setAttribute("text-anchor", shape.anchor);
    if (shape.said !== undefined && element.textContent !== shape.said) element.textContent = shape.said;
    return element;
  }

  /** Put every shape some part of its way. @param {number} part  from 0 to 1 */
  move(part) {
    const eased = part * (2 - part);
    for (const one of this.drawn.values()) {
      const { at } = one.shape;
      one.now = part < 1 ? at.map((value, k) => one.from[k] + (value - one.from[k]) * eased) : at;
      place(one.element, one.shape.tag, one.now);
    }
  }
}

/** @param {SVGElement} element @param {string} tag @param {number[]} at */
function place(element, tag, at) {
  const [x, y, x2, y2] = at.map((value) => Math.round(value * 100) / 100);
  if (tag === "polyline") {
    element.setAttribute("points", at.map((value) => value.toFixed(2)).join(" "));
  } else if (tag === "path") {
    element.setAttribute("transform", `translate(${x} ${y})`);
  } else if (tag === "text") {
    element.setAttribute("x", String(x));
    element.setAttribute("y", String(y));
  } else {
    for (const [name, value] of Object.entries({ x1: x, y1: y, x2, y2 })) element.setAttribute(name, String(value));
  }
}
