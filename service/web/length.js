// A tweet's length: as the service counted it, and reckoned here while somebody types.
import { element } from "./dom.js";

export const MAX_LENGTH = 280;
const LINK_LENGTH = 23;
const LINK = /https?:\/\/\S+/gi;
const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20e3/u;
/** Code points that X counts once; all others count twice. */
const LIGHT = [[0, 4351], [8192, 8205], [8208, 8223], [8242, 8247]];
const characters = new Intl.Segmenter("en", { granularity: "grapheme" });

/** The service's own count, drawn. */
export function counter({ length, remaining }) {
  const limit = length + remaining;
  const meter = element("meter", { min: 0, max: limit, high: limit * 0.93, value: length, "aria-label": "Length" });
  return element("span", { class: "counter" }, meter, `${length}/${limit}`);
}

/** X's count, but that what is a link takes a list of all domains: here each word with a scheme is, and no other. */
export function reckonedLength(text) {
  const pieces = text.trim().normalize("NFC").split(LINK);
  const letters = pieces.flatMap((piece) => Array.from(characters.segment(piece), ({ segment }) => weight(segment)));
  return letters.reduce((sum, each) => sum + each, LINK_LENGTH * (pieces.length - 1));
}

function weight(character) {
  if (EMOJI.test(character)) return 2;
  const isLight = (point) => LIGHT.some(([first, last]) => first <= point && point <= last);
  return Array.from(character).reduce((sum, each) => sum + (isLight(each.codePointAt(0)) ? 1 : 2), 0);
}
