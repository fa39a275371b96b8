// The third tab: a conversation. The history lives in this page alone and is sent whole each time.
import { streamEvents } from "./api.js";
import { byId, element } from "./dom.js";
import { Panel } from "./panel.js";
import { readSampling } from "./sampling.js";

const messages = [];

export function startChatTab() {
  byId("chat-reset").addEventListener("click", () => {
    messages.length = 0;
    byId("turns").replaceChildren();
    byId("message").focus();
  });
  return new Panel("chat", run);
}

async function run(panel, signal) {
  const message = { role: "user", content: byId("message").value };
  const asked = addTurn(message.role, message.content);
  const answer = addTurn("assistant", "");
  const body = { messages: [...messages, message], ...readSampling(panel.form) };
  try {
    for await (const { event, data } of streamEvents("chat", body, signal)) {
      if (event === "delta") answer.append(data.text);
      else if (event === "done") panel.say(`${data.usage.completion_tokens} tokens by ${data.model}, seed ${data.seed}.`);
    }
  } catch (error) {
    for (const turn of [asked, answer]) turn.parentNode.remove();
    throw error;
  }
  messages.push(message, { role: "assistant", content: answer.textContent });
  byId("message").value = "";
}

function addTurn(role, content) {
  const text = element("p", { class: "text" }, content);
  byId("turns").append(element("li", { class: role }, element("span", { class: "hidden" }, role === "user" ? "You: " : "Model: "), text));
  return text;
}
