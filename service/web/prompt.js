// The second tab: free text, continued n times.
import { streamEvents } from "./api.js";
import { byId, copyButton, element } from "./dom.js";
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
    else if (event === "done") finish(panel, cards, data);
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

function finish(panel, cards, answer) {
  for (const text of cards.values()) text.parentNode.classList.remove("writing");
  panel.say(`${answer.usage.completion_tokens} tokens by ${answer.model}, seed ${answer.seed}.`);
}
