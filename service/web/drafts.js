// What the page asks of `/drafts`, which not every service offers.
import { Problem, getJson, postJson } from "./api.js";
import { element } from "./dom.js";

let served = false;

/** Ask once whether there are drafts here; where a key is missing, there are. */
export async function lookForDrafts() {
  try {
    await getJson("drafts?limit=1");
    served = true;
  } catch (error) {
    served = error instanceof Problem && error.document.status !== 404;
  }
  return served;
}

export const findDrafts = (query) => getJson(`drafts?${query}`);
export const getDraft = (id) => getJson(`drafts/${id}`);
export const getAccounts = async () => (await getJson("drafts/accounts")).accounts;

/** Change a draft as somebody saw it at `version`; refused with 412 where it changed since. */
export const changeDraft = ({ id, version }, action, body = {}) =>
  postJson(`drafts/${id}/${action}`, body, { "If-Match": `"${version}"` });

/** One button that adds `row` to the drafts, or none where there are no drafts. */
export function draftButtons(row) {
  if (!served) return [];
  const button = element("button", { type: "button" }, "Keep as draft");
  button.addEventListener("click", () => add(button, row));
  return [button];
}

async function add(button, row) {
  button.disabled = true;
  try {
    const { added } = await postJson("drafts", { drafts: [row] });
    button.textContent = added ? "Added to the drafts" : "Is a draft already";
  } catch (error) {
    button.disabled = false;
    button.textContent = `Not added: ${error.message} Try again`;
  }
}
