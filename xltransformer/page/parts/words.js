/** What the page knows of itself, and its words. */

/** The outline: sheets, blocks and where they lie; see contents.py. @type {Object<string, any>} */
export let outline = { blocks: {}, words: {} };

/** Have everything know the outline of this page. @param {Object<string, any>} read */
export function knowOutline(read) {
  outline = read;
}

/**
 * A text of the page in its language, with what stands for the names in it.
 * @param {string} key  the message's name, without `page.` @param {Object<string, unknown>} [parts]
 */
export function say(key, parts = {}) {
  return filledIn(outline.words[key] ?? key, parts);
}

/** A text with what stands for the {names} in it. @param {string} text @param {Object<string, unknown>} parts */
export function filledIn(text, parts) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(parts[name] ?? whole));
}
