// Going to a place of the page: what is on the way is laid out only then, so that the place moves meanwhile.

/** Frames within which a place has come to rest, and for how many it must rest to count as such. */
const MOST_FRAMES = 90;
const AT_REST = 4;

/** Where one is going; a later way ends an earlier one. @type {Element | null} */
let goingTo = null;

/**
 * Bring an element into view, and keep it there until all around it is laid out, or the reader scrolls on.
 * @param {Element | null} element
 * @param {ScrollLogicalPosition} [block] where in the window it is to stand
 */
export function goTo(element, block = "start") {
  if (!element) return;
  goingTo = element;
  let before = NaN;
  let rests = 0;
  let frames = 0;
  const step = () => {
    if (goingTo !== element) return;
    element.scrollIntoView({ behavior: "instant", block, inline: "nearest" });
    const now = element.getBoundingClientRect().top;
    rests = now === before ? rests + 1 : 0;
    before = now;
    frames += 1;
    if (rests < AT_REST && frames < MOST_FRAMES) requestAnimationFrame(step);
    else goingTo = null;
  };
  step();
}

/** Have links within the page lead where they say. */
export function startGoing() {
  const stop = () => {
    goingTo = null;
  };
  for (const moved of ["wheel", "touchmove", "keydown"]) addEventListener(moved, stop, { passive: true });
  document.addEventListener("click", (event) => {
    const link = event.target instanceof Element ? event.target.closest('a[href^="#"]') : null;
    const named = link?.getAttribute("href")?.slice(1);
    const element = named ? document.getElementById(named) : null;
    if (element && !event.defaultPrevented) requestAnimationFrame(() => goTo(element));
  });
}
