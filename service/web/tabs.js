// Tabs as the ARIA practices describe them: one tab stop, arrow keys move, panels follow.
// A panel hears by an event `show` that it is shown.
export class Tabs {
  constructor(list) {
    this.all = [...list.querySelectorAll("[role=tab]")];
    list.addEventListener("click", (event) => {
      const tab = event.target.closest("[role=tab]");
      if (tab) this.select(tab);
    });
    list.addEventListener("keydown", (event) => this.#step(event));
    this.all.forEach((tab) => this.#selectIfNamed(tab));
  }

  /** Offer a tab that was hidden. */
  reveal(tab) {
    tab.hidden = false;
    this.#selectIfNamed(tab);
  }

  select(chosen) {
    for (const tab of this.all) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      this.#panel(tab).hidden = !on;
    }
    chosen.focus();
    history.replaceState(null, "", `#${chosen.id.slice(4)}`);
    this.#panel(chosen).dispatchEvent(new Event("show"));
  }

  #step(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const shown = this.all.filter((tab) => !tab.hidden);
    const index = shown.indexOf(event.target);
    if (step && index >= 0) this.select(shown[(index + step + shown.length) % shown.length]);
  }

  #selectIfNamed(tab) {
    if (!tab.hidden && `#${tab.id.slice(4)}` === location.hash) this.select(tab);
  }

  #panel(tab) {
    return document.getElementById(tab.getAttribute("aria-controls"));
  }
}
