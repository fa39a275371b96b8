// What went wrong, shown where it happened.
import { Problem } from "./api.js";
import { element } from "./dom.js";

/** What the API says to programs, in a page's words. */
const PAGE_WORDS = new Map([
  ["Send the article's `title` and `text` in place of `url`.", "Paste the article's text above, in place of its address."],
]);

/** Fill and show an alert with a problem document, or with what kept the service from answering. */
export function showProblem(node, error) {
  const unreachable = { title: "The service cannot be reached", detail: error.message };
  const { title, detail, hint } = error instanceof Problem ? error.document : unreachable;
  node.replaceChildren(
    element("strong", {}, title ?? "Something went wrong"),
    detail ? element("p", {}, detail) : "",
    hint ? element("p", { class: "help" }, PAGE_WORDS.get(hint) ?? hint) : "",
  );
  node.hidden = false;
}
