// The way around: the list of steps, which is a drawer on a narrow screen, and light or dark.
import { startFirst } from "./first.js";
import { whenIdle } from "./idle.js";
import { page } from "./live.js";

/** From which width on the list of steps stands beside them; the style sheets say the same. */
const NARROW = "(max-width: 68.75rem)";
const SCHEME = "xltransformer.scheme";
/** What scrolls sideways by itself where it is too wide. */
const SCROLLING = ".layout, .notation, .scroll, .maps";

/** Bring the way around to life. */
export function startSteps() {
  document.documentElement.classList.add("scripted");
  startScheme();
  startDrawer();
  startFirst();
}

/** Follow the reader through the steps, once all of them are there. */
export function followSteps() {
  followScrolling();
  startScrolling();
}

/** What was kept, where the browser lets a page keep things: it may forbid that to a file from a disk. */
function kept() {
  try {
    return localStorage.getItem(SCHEME);
  } catch {
    return null;
  }
}

/** @param {string} scheme */
function keep(scheme) {
  try {
    localStorage.setItem(SCHEME, scheme);
  } catch {
    // Then it holds for as long as the page is open.
  }
}

/** Light or dark, as the system has it until someone chooses. */
function startScheme() {
  const button = document.getElementById("scheme");
  const { dataset } = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const before = kept();
  if (before === "dark" || before === "light") dataset.scheme = before;
  const isDark = () => (dataset.scheme ? dataset.scheme === "dark" : system.matches);
  const tell = () => button.setAttribute("aria-pressed", String(isDark()));
  button.addEventListener("click", () => {
    dataset.scheme = isDark() ? "light" : "dark";
    keep(dataset.scheme);
    tell();
  });
  system.addEventListener("change", tell);
  tell();
}

/** The list of steps as a drawer: nothing else has the focus while it is open. */
function startDrawer() {
  const button = document.getElementById("menu");
  const map = document.getElementById("map");
  const narrow = matchMedia(NARROW);
  const others = [...document.body.children].filter((one) => one !== map && !(one instanceof HTMLScriptElement));
  const setOpen = (isOpen) => {
    if (isOpen === map.classList.contains("open")) return;
    map.classList.toggle("open", isOpen);
    button.setAttribute("aria-expanded", String(isOpen));
    for (const other of others) other.inert = isOpen;
    if (isOpen) (map.querySelector("[aria-current]") ?? document.getElementById("map-close")).focus();
    else button.focus();
  };
  button.addEventListener("click", () => setOpen(true));
  document.getElementById("map-close").addEventListener("click", () => setOpen(false));
  map.addEventListener("keydown", (event) => {
    if (event.key === "Escape") setOpen(false);
    if (event.key === "Tab" && map.classList.contains("open")) keepInside(event, map);
  });
  map.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a")) setOpen(false);
  });
  document.addEventListener("pointerdown", (event) => {
    if (map.classList.contains("open") && !map.contains(event.target)) setOpen(false);
  });
  narrow.addEventListener("change", () => setOpen(false));
}

/** Let the focus go round within an element. @param {KeyboardEvent} event @param {HTMLElement} around */
function keepInside(event, around) {
  const stops = around.querySelectorAll("a[href], button");
  const [first, last] = [stops[0], stops[stops.length - 1]];
  const [from, to] = event.shiftKey ? [first, last] : [last, first];
  if (document.activeElement !== from) return;
  event.preventDefault();
  to.focus();
}

/** Mark in the list the step that is read: the last one that begins above a line near the top. */
function followScrolling() {
  const links = new Map();
  for (const link of document.querySelectorAll('#map a[href^="#"]')) links.set(link.hash.slice(1), link);
  const places = [...links.keys()].map((id) => document.getElementById(id)).filter((place) => place !== null);
  const inView = new Set();
  let current = null;
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) inView.add(target);
        else inView.delete(target);
      }
      const place = places.findLast?.((one) => inView.has(one)) ?? [...places].reverse().find((one) => inView.has(one));
      const link = place && links.get(place.id);
      if (!link || link === current) return;
      current?.removeAttribute("aria-current");
      link.setAttribute("aria-current", "location");
      current = link;
      bringIntoView(link);
    },
    { rootMargin: "-20% 0px -79% 0px" },
  );
  for (const place of places) observer.observe(place);
}

/** Scroll the list, and nothing else, so that a link in it is seen. @param {HTMLElement} link */
function bringIntoView(link) {
  const map = document.getElementById("map");
  const [outer, inner] = [map.getBoundingClientRect(), link.getBoundingClientRect()];
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    map.scrollTop += inner.top - outer.top - outer.height / 3;
  }
}

/** Whatever is wider than the screen can be scrolled from the keyboard, and has a name. */
function startScrolling() {
  const boxes = [...document.querySelectorAll(SCROLLING)];
  const near = new Set();
  const sizes = new ResizeObserver((entries) => entries.forEach(({ target }) => tellWhetherItScrolls(target)));
  const places = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) near.add(target);
      else near.delete(target);
      if (isIntersecting) tellWhetherItScrolls(target);
    }
  });
  for (const box of boxes) [sizes, places].forEach((observer) => observer.observe(box));
  page.onChange(() => whenIdle([...near], tellWhetherItScrolls)); // a longer word may need more room
  // What is far from the screen is not drawn, and has no size to observe.
  let passes = 0;
  const tellAll = () => {
    const pass = ++passes;
    whenIdle(boxes, (box) => pass === passes && tellWhetherItScrolls(box));
  };
  page.alive.then(tellAll);
  addEventListener("resize", tellAll);
}

/** @param {HTMLElement} box */
function tellWhetherItScrolls(box) {
  const isWide = box.scrollWidth > box.clientWidth + 1;
  if (isWide === box.hasAttribute("tabindex")) return;
  if (isWide) {
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", nameOfBox(box));
  } else {
    for (const attribute of ["tabindex", "role", "aria-label"]) box.removeAttribute(attribute);
  }
}

/** What a box that scrolls is called: as the picture or step it stands in, or holds. @param {Element} box */
function nameOfBox(box) {
  const picture = box.closest("figure") ?? box.querySelector("figure");
  const heading =
    picture?.querySelector("figcaption") ??
    box.closest(".panel")?.querySelector("h3") ??
    box.closest("section")?.querySelector("h1, h2");
  return heading ? heading.textContent : "";
}
