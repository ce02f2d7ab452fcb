/** Where names stand beside their points, so that they cover neither each other nor points nor lines. */

/**
 * @typedef {{x: number, y: number, width: number, far: number}} Named  a point, how wide its name is, and how far
 *   from the point the name stands
 * @typedef {{x: number, y: number, anchor: string, box: Box}} Spot
 */

/** Around a point, in the order in which they are tried: to which side, and how far up or down. */
const SIDES = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]];
const FURTHER = [1, 2.2, 3.6];

/**
 * A place for each name, those first that come first.
 * @param {Named[]} names @param {number} height  of a name @param {Box} within
 * @param {Box[]} points  what shall stay free @param {number[][]} lines  each x, y, x, y @returns {Spot[]}
 */
export function placeNames(names, height, within, points, lines) {
  const taken = [];
  return names.map((name) => {
    let best = null;
    for (const far of FURTHER) {
      for (const [k, side] of SIDES.entries()) {
        const spot = spotBeside(name, side, far, height);
        const cost = costOf(spot.box, within, taken, points, lines) + k * 0.5 + far * 3;
        if (best === null || cost < best.cost) best = { cost, spot };
      }
    }
    taken.push(best.spot.box);
    return best.spot;
  });
}

/** @param {Named} name @param {number[]} side @param {number} times @param {number} height @returns {Spot} */
function spotBeside({ x, y, width, far }, [across, down], times, height) {
  const away = across && down ? far * 0.75 * times : far * times;
  const left = across > 0 ? x + away : across < 0 ? x - away - width : x - width / 2;
  const middle = y + down * (away + (across ? 0 : height / 2 - 1));
  const box = { left, right: left + width, top: middle - height / 2, bottom: middle + height / 2 };
  return { x: left, y: middle + height * 0.32, anchor: "start", box };
}

/** How much is wrong with a place. */
function costOf(box, within, taken, points, lines) {
  let cost = 0;
  const outside = [within.left - box.left, box.right - within.right, within.top - box.top, box.bottom - within.bottom];
  for (const out of outside) if (out > 0) cost += 200 + 20 * out;
  for (const other of taken) cost += 4 * shared(box, other);
  for (const point of points) cost += 1.5 * shared(box, point);
  for (const line of lines) cost += 0.6 * along(box, line);
  return cost;
}

/** The area that two boxes share. @param {Box} one @param {Box} other */
function shared(one, other) {
  const wide = Math.min(one.right, other.right) - Math.max(one.left, other.left);
  const high = Math.min(one.bottom, other.bottom) - Math.max(one.top, other.top);
  return wide > 0 && high > 0 ? wide * high : 0;
}

/** How much of a line lies in a box, in pixels, about. @param {Box} box @param {number[]} line */
function along(box, [x1, y1, x2, y2]) {
  const steps = 24;
  let inside = 0;
  for (let k = 0; k <= steps; k++) {
    const [x, y] = [x1 + ((x2 - x1) * k) / steps, y1 + ((y2 - y1) * k) / steps];
    if (x > box.left && x < box.right && y > box.top && y < box.bottom) inside++;
  }
  return (inside / steps) * Math.hypot(x2 - x1, y2 - y1);
}
