// The page's entry: tabs, the three panels, and the list of models.
import { getJson } from "./api.js";
import { startChatTab } from "./chat.js";
import { startPromptTab } from "./prompt.js";
import { buildSampling } from "./sampling.js";
import { startTabs } from "./tabs.js";
import { startTweetTab } from "./tweet.js";

startTabs(document.querySelector("[role=tablist]"));
startTweetTab();
startPromptTab();
startChatTab();

// Without the list the page still works, with the service's default model.
const { models } = await getJson("models").catch(() => ({ models: [] }));
for (const grid of document.querySelectorAll("[data-sampling]")) buildSampling(grid, models);
