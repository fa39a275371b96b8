// The fields that every request shares: which model, and how its tokens are drawn.
import { element } from "./dom.js";

const FIELDS = [
  { name: "temperature", label: "Temperature", min: 0, max: 2, step: 0.05 },
  { name: "top_k", label: "Top-k", min: 0, step: 1 },
  { name: "top_p", label: "Top-p", min: 0.01, max: 1, step: 0.01 },
  { name: "max_tokens", label: "Most tokens", min: 1, step: 1 },
  { name: "n", label: "How many", min: 1, max: 8, step: 1 },
  { name: "seed", label: "Seed", min: 0, step: 1 },
];

/** Fill a `data-sampling` grid. Empty fields are left to the service's defaults. */
export function buildSampling(grid, models) {
  const { task, n } = grid.dataset;
  const id = (name) => `${task}-${name}`;
  const able = models.filter((model) => model.tasks.includes(task));
  const usual = (able[0] ?? models[0])?.id;
  const options = (task === "tweet" ? models : able).map((model) => element("option", { value: model.id }, model.id));
  const first = element("option", { value: "" }, usual ? `${usual} (default)` : "default");
  const select = element("select", { id: id("model"), name: "model" }, first, ...options);
  grid.append(element("div", {}, element("label", { for: id("model") }, task === "tweet" ? "Voice" : "Model"), select));
  for (const { name, label, ...limits } of FIELDS) {
    if ((name === "n" && !n) || (name === "max_tokens" && task === "tweet")) continue;
    const input = element("input", { id: id(name), name, type: "number", placeholder: "default", ...limits });
    if (name === "n") input.value = n;
    grid.append(element("div", {}, element("label", { for: id(name) }, label), input));
  }
}

/** What the user set, as members of the request. */
export function readSampling(form) {
  const values = {};
  for (const field of form.querySelectorAll("[data-sampling] :is(input, select)")) {
    if (field.value === "") continue;
    values[field.name] = field.type === "number" ? Number(field.value) : field.value;
  }
  return values;
}
