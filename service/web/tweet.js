// The first tab: an article becomes tweets, shown as they are written.
import { streamEvents } from "./api.js";
import { byId, copyButton, element, webLink } from "./dom.js";
import { draftButtons } from "./drafts.js";
import { counter } from "./length.js";
import { Panel } from "./panel.js";
import { readSampling } from "./sampling.js";

/** Words in a row that a tweet may share with a training tweet by chance. */
export const LONG_OVERLAP = 8;
const isUrl = (text) => /^\s*\S+:\/\/\S+\s*$/.test(text);

export function startTweetTab() {
  const source = byId("source");
  source.addEventListener("input", () => {
    byId("title-row").hidden = !source.value.trim() || isUrl(source.value);
  });
  return new Panel("tweet", run);
}

function readRequest(form) {
  const source = byId("source").value.trim();
  const title = byId("title").value.trim();
  const article = isUrl(source) ? { url: source } : { text: source, ...(title && { title }) };
  return { ...article, ...readSampling(form) };
}

async function run(panel, signal) {
  const body = readRequest(panel.form);
  panel.showCurl("tweet", body);
  byId("tweets").replaceChildren();
  byId("article").hidden = true;
  const drafts = new Map();
  const finished = [];
  for await (const { event, data } of streamEvents("tweet", body, signal)) {
    if (event === "article") showArticle(data, panel);
    else if (event === "candidate") writeOn(panel, drafts, data, body.n ?? 1);
    else if (event === "tweet") showTweet(finished, drafts, data);
    else if (event === "done") finish(panel, finished, data, body);
  }
}

function finish(panel, cards, answer, body) {
  panel.say(summary(answer));
  answer.tweets.forEach((tweet, i) => cards[i].lastChild.append(...draftButtons(draftOf(tweet, answer, body))));
}

/** A tweet as the drafts take it; what it shares with training tweets the service finds itself. */
function draftOf(tweet, { model, seed, article }, body) {
  const found = { ungrounded: tweet.ungrounded.length, truncated: tweet.truncated, fallback: tweet.fallback };
  const flags = Object.keys(found).filter((name) => found[name]);
  const { text, index } = tweet;
  return { text, index, model, seed, flags, source: article.url, article_title: article.title, article_text: body.text ?? article.excerpt };
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

function summary(answer) {
  return `${plural(answer.tweets.length, "tweet")} by ${answer.model}, seed ${answer.seed}.`;
}

function showArticle(article, panel) {
  panel.say("Writing …");
  const facts = [article.author, article.published, article.site_name, article.language].filter(Boolean);
  const size = `${article.num_tokens} tokens`;
  const read = article.truncated ? `The model read the first ${size} of it.` : `The model read all of it, ${size}.`;
  byId("article").replaceChildren(
    element("h2", {}, article.url ? webLink(article.url, article.title || article.url) : article.title || "Your text"),
    element("p", { class: "help" }, facts.join(" · ")),
    element("p", { class: "help" }, read),
    element("details", {}, element("summary", {}, "What it read"), element("p", { class: "text" }, article.excerpt)),
  );
  byId("article").hidden = false;
}

/** A candidate grows while it is written; the finished tweets take its place. */
function writeOn(panel, drafts, { index, text }, wanted) {
  if (!drafts.has(index)) {
    if (drafts.size === wanted) panel.say(`Writing more than ${wanted}, to keep the best …`);
    const card = element("li", { class: "card writing" }, element("p", { class: "text" }));
    drafts.set(index, card);
    byId("tweets").append(card);
  }
  drafts.get(index).firstChild.append(text);
}

function showTweet(finished, drafts, tweet) {
  for (const card of drafts.values()) card.remove();
  drafts.clear();
  const card = tweetCard(tweet);
  finished.push(card);
  byId("tweets").append(card);
}

function tweetCard(tweet) {
  const intent = `https://x.com/intent/post?text=${encodeURIComponent(tweet.text)}`;
  return element(
    "li",
    { class: "card" },
    element("p", { class: "text" }, tweet.text),
    element(
      "footer",
      {},
      counter(tweet),
      ...flags(tweet).map((text) => element("span", { class: "flag" }, text)),
      copyButton("Copy", () => tweet.text),
      element("a", { href: intent, target: "_blank", rel: "noopener noreferrer" }, "Open in X"),
    ),
  );
}

/** What a person should look at before posting. */
export function flags(tweet) {
  const claims = tweet.ungrounded.map((claim) => claim.text);
  return [
    claims.length ? `not in the article: ${claims.join(", ")}` : null,
    tweet.overlap.words >= LONG_OVERLAP ? `shares ${tweet.overlap.words} words with a training tweet` : null,
    tweet.truncated ? "cut to fit" : null,
    tweet.fallback ? "made from the headline" : null,
  ].filter(Boolean);
}
