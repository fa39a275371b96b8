// The second tab: free text, continued n times.
import { streamEvents } from "./api.js";
import { byId, copyButton, element } from "./dom.js";
import { draftButtons } from "./drafts.js";
import { Panel } from "./panel.js";
import { readSampling } from "./sampling.js";

export const startPromptTab = () => new Panel("prompt", run);

async function run(panel, signal) {
  const body = { prompt: byId("prompt").value, ...readSampling(panel.form) };
  panel.showCurl("generate", body);
  const list = byId("completions");
  list.replaceChildren();
  const cards = new Map();
  for await (const { event, data } of streamEvents("generate", body, signal)) {
    if (event === "delta") cardOf(cards, list, data.index, body.prompt).append(data.text);
    else if (event === "done") finish(panel, cards, data, body.prompt);
  }
}

function cardOf(cards, list, index, prompt) {
  if (!cards.has(index)) {
    const text = element("p", { class: "text" }, element("strong", {}, prompt));
    cards.set(index, text);
    list.append(element("li", { class: "card writing" }, text, element("footer", {}, copyButton("Copy", () => text.textContent))));
  }
  return cards.get(index);
}

function finish(panel, cards, { model, seed, ...answer }, prompt) {
  const cut = new Set(answer.choices.filter((choice) => choice.finish_reason === "length").map((choice) => choice.index));
  for (const [index, text] of cards) {
    const card = text.parentNode;
    card.classList.remove("writing");
    if (cut.has(index)) card.lastChild.append(element("span", { class: "flag" }, "ends at “Most tokens”"));
    card.lastChild.append(...draftButtons({ text: text.textContent, model, seed, index, prompt }));
  }
  panel.say(`${answer.usage.completion_tokens} tokens by ${model}, seed ${seed}.`);
}
