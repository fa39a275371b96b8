// Building the page without ever parsing text as HTML: text goes in as text nodes only.

/** An element with attributes, and children that are nodes or plain text. */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
}

export const byId = (id) => document.getElementById(id);

/** A link that can only ever lead to the web. */
export function webLink(url, text) {
  const safe = /^https?:\/\//i.test(url ?? "");
  return safe ? element("a", { href: url, rel: "noopener noreferrer" }, text) : document.createTextNode(text);
}

/** A button that copies what `read` returns, and says so. */
export function copyButton(label, read) {
  const button = element("button", { type: "button" }, label);
  button.addEventListener("click", () => copy(button, label, read()));
  return button;
}

export async function copy(button, label, text) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Press Ctrl+C";
  }
  setTimeout(() => (button.textContent = label), 1500);
}
