// The drafts that a filter finds, walked one by one; pages are asked for when they are needed.
import { findDrafts, getDraft } from "./drafts.js";

export class Queue {
  #ids = [];
  #after = 0;
  #at = -1;

  /** `filter`: parameters of `/drafts`, as [name, value] pairs. */
  constructor(filter) {
    this.filter = filter;
    this.total = 0;
    this.states = new Set(filter.filter(([name]) => name === "state").map(([, state]) => state));
  }

  get place() {
    return `${this.#at + 1} of ${this.total}`;
  }

  /** The next draft as it stands now, past those that others decided meanwhile; null at the end. */
  async next() {
    for (let at = this.#at + 1; at < this.#ids.length || (await this.#readPage()); at++) {
      const draft = await getDraft(this.#ids[at]);
      this.#at = at;
      if (!this.states.size || this.states.has(draft.state)) return draft;
    }
    this.#at = this.#ids.length;
    return null;
  }

  /** The draft before, whatever became of it; null at the beginning. */
  async previous() {
    if (this.#at < 1) return null;
    const draft = await getDraft(this.#ids[this.#at - 1]);
    this.#at -= 1;
    return draft;
  }

  /** Go on from this draft. */
  goTo(id) {
    const at = this.#ids.indexOf(id);
    if (at >= 0) this.#at = at;
  }

  async #readPage() {
    if (this.#after === null) return false;
    const page = await findDrafts(new URLSearchParams([...this.filter, ["after", this.#after]]));
    this.#ids.push(...page.drafts.map((draft) => draft.id));
    this.total = Math.max(page.total, this.#ids.length);
    this.#after = page.next_after;
    return page.drafts.length > 0;
  }
}
