// Tabs as the ARIA practices describe them: one tab stop, arrow keys move, panels follow.
export function startTabs(list) {
  const tabs = [...list.querySelectorAll("[role=tab]")];
  const select = (chosen) => {
    for (const tab of tabs) {
      const on = tab === chosen;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      document.getElementById(tab.getAttribute("aria-controls")).hidden = !on;
    }
    chosen.focus();
    history.replaceState(null, "", `#${chosen.id.slice(4)}`);
  };
  list.addEventListener("click", (event) => {
    const tab = event.target.closest("[role=tab]");
    if (tab) select(tab);
  });
  list.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const index = tabs.indexOf(event.target);
    if (step && index >= 0) select(tabs[(index + step + tabs.length) % tabs.length]);
  });
  const named = tabs.find((tab) => `#${tab.id.slice(4)}` === location.hash);
  if (named) select(named);
}
