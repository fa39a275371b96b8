// What went wrong, shown where it happened.
import { Problem } from "./api.js";
import { element } from "./dom.js";

/** Fill and show an alert with a problem document, or with what kept the service from answering. */
export function showProblem(node, error) {
  const unreachable = { title: "The service cannot be reached", detail: error.message };
  const { title, detail, hint } = error instanceof Problem ? error.document : unreachable;
  node.replaceChildren(
    element("strong", {}, title ?? "Something went wrong"),
    detail ? element("p", {}, detail) : "",
    hint ? element("p", { class: "help" }, hint) : "",
  );
  node.hidden = false;
}
