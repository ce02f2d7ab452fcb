// A line that tells what a button has done, and goes away by itself; screen readers hear it.

/** How long it stays, in milliseconds. */
const NOTICE_STAYS = 8000;
let noticeEnds = 0;

/**
 * Tell something in one line; a text given with it stands in a field to copy it from.
 * @param {string} text
 * @param {string} [given]
 */
export function tellNotice(text, given) {
  const notice = document.getElementById("notice") ?? newNotice();
  const line = document.createElement("p");
  line.textContent = text;
  notice.replaceChildren(line);
  clearTimeout(noticeEnds);
  if (given === undefined) {
    noticeEnds = setTimeout(() => notice.replaceChildren(), NOTICE_STAYS);
    return;
  }
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

function newNotice() {
  const notice = document.createElement("div");
  notice.id = "notice";
  notice.setAttribute("role", "status");
  document.body.append(notice);
  return notice;
}
