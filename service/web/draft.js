// How one draft looks: its text and what to know before choosing, and beside it what it was made from.
import { byId, element, webLink } from "./dom.js";
import { counter } from "./length.js";
import { LONG_OVERLAP } from "./tweet.js";

const STATES = {
  candidate: "to review", kept: "kept", edited: "edited", discarded: "discarded", scheduled: "scheduled",
  posting: "being posted", posted: "posted", failed: "not posted",
};
const FLAGS = {
  memorised: "a copy of a training tweet: edit it before you keep it",
  ungrounded: "says something that the article does not",
  truncated: "cut to fit",
  fallback: "made from the headline",
};

export const stateOf = (draft) => STATES[draft.state] ?? draft.state;
export const moment = (iso) => new Date(iso).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

export function showDraft(draft, place) {
  const card = byId("draft");
  card.setAttribute("aria-label", `Draft ${place}, ${stateOf(draft)}`);
  card.replaceChildren(
    element("p", { class: "help" }, `${place} · `, element("strong", { id: "draft-state" }, stateOf(draft)), plan(draft)),
    element("p", { class: "text", id: "draft-text" }, draft.text),
    draft.text === draft.original_text ? "" : original(draft),
    element("footer", {}, counter(draft), overlap(draft), ...warnings(draft).map((text) => element("span", { class: "flag" }, text))),
  );
  byId("draft-source").replaceChildren(...source(draft));
}

function plan({ account, scheduled_at: at, tweet_id: tweet }) {
  const facts = [account && `from ${account}`, at && moment(at), tweet && `tweet ${tweet}`];
  return facts.filter(Boolean).map((fact) => ` · ${fact}`).join("");
}

const original = (draft) =>
  element("details", {}, element("summary", {}, "As generated"), element("p", { class: "text" }, draft.original_text));

/** What the text shares with the tweets that the model was trained on, as it was generated. */
function overlap({ overlap: shared, flags }) {
  const close = !shared || shared.words >= LONG_OVERLAP || flags.includes("memorised");
  return element("span", { class: close ? "flag" : "help", id: "draft-overlap" }, overlapText(shared));
}

function overlapText(shared) {
  if (!shared) return "not compared with the training tweets";
  if (!shared.words) return "shares nothing with the training tweets";
  const words = `${shared.words} word${shared.words === 1 ? "" : "s in a row"}`;
  return `shares ${words} with a training tweet, ${Math.round(shared.share * 100)} % of its text`;
}

function warnings(draft) {
  const over = draft.remaining < 0 ? [`too long for X by ${-draft.remaining}`] : [];
  const failed = draft.error ? [`not posted: ${draft.error}`] : [];
  return [...draft.flags.map((flag) => FLAGS[flag] ?? flag), ...over, ...failed];
}

function source(draft) {
  const title = draft.article_title || draft.source;
  const made = [draft.model && `by ${draft.model}`, draft.seed != null && `seed ${draft.seed}`].filter(Boolean);
  return [
    element("h2", {}, title ? webLink(draft.source, title) : "Source"),
    element("p", { class: "help" }, made.join(", ") || "Nobody noted which model wrote it."),
    draft.prompt ? element("p", { class: "text" }, element("strong", {}, "Prompt: "), draft.prompt) : "",
    draft.article_text ? element("p", { class: "text" }, draft.article_text) : "",
    draft.article_text || draft.prompt ? "" : element("p", { class: "help" }, "The article's text was not kept with the draft."),
  ];
}
