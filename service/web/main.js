// The page's entry: tabs, their panels, and the list of models.
import { getJson } from "./api.js";
import { startChatTab } from "./chat.js";
import { byId } from "./dom.js";
import { lookForDrafts } from "./drafts.js";
import { startPromptTab } from "./prompt.js";
import { startReviewTab } from "./review.js";
import { buildSampling } from "./sampling.js";
import { Tabs } from "./tabs.js";
import { startTweetTab } from "./tweet.js";

const tabs = new Tabs(document.querySelector("[role=tablist]"));
startTweetTab();
startPromptTab();
startChatTab();
lookForDrafts().then((found) => {
  if (!found) return;
  startReviewTab();
  tabs.reveal(byId("tab-review"));
});

// Without the list the page still works, with the service's default model.
const { models } = await getJson("models").catch(() => ({ models: [] }));
for (const grid of document.querySelectorAll("[data-sampling]")) buildSampling(grid, models);
