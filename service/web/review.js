// The fourth tab: drafts chosen by a person, one at a time, by keyboard or by button.
// A change names the version it was made from; what somebody else changed meanwhile is shown first.
import { Problem } from "./api.js";
import { byId, element } from "./dom.js";
import { moment, showDraft, stateOf } from "./draft.js";
import { changeDraft, getAccounts, getDraft } from "./drafts.js";
import { MAX_LENGTH, reckonedLength } from "./length.js";
import { showProblem } from "./problem.js";
import { Queue } from "./queue.js";

const KEYS = {
  k: "keep", d: "discard", e: "edit", s: "schedule", x: "unschedule", u: "undo",
  j: "next", ArrowRight: "next", ArrowLeft: "previous",
};
const FIELDS = "input, textarea, select";

export const startReviewTab = () => new Review();

class Review {
  constructor() {
    this.panel = byId("panel-review");
    this.card = byId("draft");
    this.editForm = byId("edit-form");
    this.scheduleForm = byId("schedule-form");
    this.panel.addEventListener("show", () => this.queue || this.#start("load"));
    this.panel.addEventListener("click", ({ target }) => this.#start(target.closest("[data-action]")?.dataset.action));
    this.panel.addEventListener("keydown", (event) => this.#onKey(event));
    byId("tab-review").addEventListener("keydown", (event) => event.key.startsWith("Arrow") || this.#onKey(event));
    this.#onSubmit(byId("review-filter"), "load");
    this.#onSubmit(this.editForm, "saveEdit");
    this.#onSubmit(this.scheduleForm, "saveSchedule");
    byId("review-state").addEventListener("change", () => this.#start("load"));
    byId("edit-text").addEventListener("input", () => this.#count());
  }

  #onSubmit(form, action) {
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#start(action);
    });
  }

  #onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) {
      if (event.key === "Enter" && !event.altKey) event.target.form?.requestSubmit();
      return;
    }
    if (event.key === "Escape" && this.#openForm()) this.#start("cancel");
    const action = KEYS[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action || event.target.matches(FIELDS)) return;
    event.preventDefault();
    if (!event.repeat) this.#start(action);
  }

  #openForm() {
    return [this.editForm, this.scheduleForm].find((form) => !form.hidden);
  }

  /** One thing at a time: what is asked for while another is on its way is not done. */
  async #start(action) {
    if (!action || this.busy) return;
    if (this.#openForm() && action in this.#deeds) return this.#say("Save or cancel first.");
    this.busy = true;
    byId("review-problem").hidden = true;
    try {
      await (this.#deeds[action] ?? this.#commands[action])();
    } catch (error) {
      this.#say("");
      showProblem(byId("review-problem"), error);
    } finally {
      this.busy = false;
    }
  }

  /** What needs an answer first while a form is open. */
  #deeds = {
    keep: () => this.#decide("keep"),
    discard: () => this.#decide("discard"),
    unschedule: () => this.#decide("unschedule"),
    edit: () => this.draft && this.#edit(),
    schedule: () => this.draft && this.#schedule(),
    undo: () => this.#undo(),
    next: async () => this.#show(await this.queue.next()),
    previous: async () => this.#goBack(),
  };

  #commands = {
    load: () => this.#load(),
    cancel: () => this.#show(this.draft),
    saveEdit: () => this.#saveEdit(),
    saveSchedule: () => this.#saveSchedule(),
  };

  async #load() {
    const filter = [...new FormData(byId("review-filter"))].filter(([, value]) => value.trim());
    this.queue = new Queue(filter.flatMap(([name, value]) => (name === "state" ? value.split(" ") : [value.trim()]).map((one) => [name, one])));
    this.done = [];
    const inField = document.activeElement.closest("[role=tab], #review-state");
    this.#show(await this.queue.next(), "", !inField);
  }

  async #goBack() {
    const draft = await this.queue.previous();
    if (draft) this.#show(draft);
    else this.#say("This is the first one.");
  }

  /** Show a draft and say what was done before; without a draft, that there are no more. */
  #show(draft, said = "", focus = true) {
    this.draft = draft;
    this.editForm.hidden = this.scheduleForm.hidden = true;
    byId("review-draft").hidden = byId("draft-source").hidden = !draft;
    if (draft) showDraft(draft, this.queue.place);
    this.#say([said, draft ? `Draft ${this.queue.place}.` : "No more drafts here."].filter(Boolean).join(" "));
    if (focus) (draft ? this.card : this.panel).focus();
  }

  async #decide(action) {
    if (!this.draft) return;
    const draft = await this.#change(this.draft, action);
    this.#show(await this.queue.next(), `Now ${stateOf(draft)}.`);
  }

  /** Do it, and remember it for undo; where somebody else was first, show what they made of it. */
  async #change(draft, action, body) {
    try {
      const changed = await changeDraft(draft, action, body);
      for (const earlier of this.done) if (earlier.id === changed.id) earlier.version = changed.version;
      if (action !== "undo") this.done.push({ id: changed.id, version: changed.version });
      return changed;
    } catch (error) {
      if (error.document?.status === 412) throw await this.#changedByOthers(draft.id);
      throw error;
    }
  }

  async #changedByOthers(id) {
    this.done = this.done.filter((earlier) => earlier.id !== id);
    this.draft = await getDraft(id);
    this.queue.goTo(id);
    showDraft(this.draft, this.queue.place);
    const hint = this.#openForm() ? "What you wrote is still below; saving it replaces theirs." : "Look at it again, then choose.";
    return new Problem({ title: "Somebody else changed this draft", detail: `It is ${stateOf(this.draft)} now, as shown.`, hint });
  }

  /** Take back the last change made here; before any, the last one of the draft that is shown. */
  async #undo() {
    const last = this.done.at(-1) ?? this.draft;
    if (!last) return;
    const draft = await this.#change(last, "undo");
    this.done.pop();
    this.queue.goTo(draft.id);
    this.#show(draft, `Undone: ${stateOf(draft)} again.`);
  }

  #edit() {
    byId("edit-text").value = this.draft.text;
    this.editForm.hidden = false;
    this.#count();
    byId("edit-text").focus();
  }

  #count() {
    byId("edit-count").textContent = `about ${reckonedLength(byId("edit-text").value)}/${MAX_LENGTH}`;
  }

  async #saveEdit() {
    this.#show(await this.#change(this.draft, "edit", { text: byId("edit-text").value }), "Saved.");
  }

  async #schedule() {
    const accounts = await getAccounts();
    if (!accounts.length) throw new Problem({ title: "There is no account to post from", detail: "The service was given no file of accounts." });
    const options = accounts.map(({ name, username }) => element("option", { value: name }, `${name} (@${username})`));
    byId("schedule-account").replaceChildren(...options);
    this.scheduleForm.hidden = false;
    byId("schedule-account").focus();
  }

  async #saveSchedule() {
    const at = byId("schedule-at").value;
    const plan = { account: byId("schedule-account").value, ...(at && { at: new Date(at).toISOString() }) };
    const draft = await this.#change(this.draft, "schedule", plan);
    this.#show(await this.queue.next(), `Scheduled for ${moment(draft.scheduled_at)} from ${draft.account}.`);
  }

  #say(text) {
    byId("review-status").textContent = text;
  }
}
