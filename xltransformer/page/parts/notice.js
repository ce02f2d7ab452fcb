// A line that tells what a button has done, and goes away by itself, or what a link lacks; screen readers hear it.

/** How long it stays, in milliseconds. */
const NOTICE_STAYS = 8000;
let noticeEnds = 0;

/**
 * Tell something in one line; one that `stays` does so until it is clicked or another one comes.
 * @param {string} text
 * @param {{stays?: boolean}} [how]
 */
export function tellNotice(text, { stays = false } = {}) {
  const notice = noticePlace();
  const line = document.createElement("p");
  line.textContent = text;
  notice.replaceChildren(line);
  clearTimeout(noticeEnds);
  if (!stays) noticeEnds = setTimeout(() => notice.replaceChildren(), NOTICE_STAYS);
}

/**
 * Tell something in one line, with a text in a field to copy it from.
 * @param {string} text
 * @param {string} given
 */
export function giveToCopy(text, given) {
  tellNotice(text, { stays: true });
  const notice = noticePlace();
  const field = document.createElement("input");
  field.readOnly = true;
  field.value = given;
  field.setAttribute("aria-label", text);
  field.addEventListener("blur", () => notice.replaceChildren());
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") field.blur();
  });
  notice.append(field);
  field.focus();
  field.select();
}

/** Where it is told: there from the start, or nobody would hear the first one. */
export function noticePlace() {
  const there = document.getElementById("notice");
  if (there) return there;
  const notice = document.createElement("div");
  notice.id = "notice";
  notice.setAttribute("role", "status");
  notice.addEventListener("click", ({ target }) => {
    if (!(target instanceof HTMLInputElement)) notice.replaceChildren();
  });
  document.body.append(notice);
  return notice;
}
