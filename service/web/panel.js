// What the three forms share: one request at a time, a stop button, status, problems, the curl command.
import { Problem, curlCommand } from "./api.js";
import { byId, copy } from "./dom.js";
import { showProblem } from "./problem.js";

export class Panel {
  /** `name` is the prefix of the ids: `tweet`, `prompt` or `chat`. */
  constructor(name, run) {
    this.form = byId(`${name}-form`);
    this.status = byId(`${name}-status`);
    this.problem = byId(`${name}-problem`);
    this.curl = byId(`panel-${name}`).querySelector(".curl");
    this.submitButton = this.form.querySelector("[type=submit]");
    this.stopButton = this.form.querySelector(".stop");
    this.run = run;
    this.form.addEventListener("submit", (event) => this.#submit(event));
    this.form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.form.requestSubmit();
    });
    this.stopButton.addEventListener("click", () => this.abort?.abort());
    const button = this.curl?.querySelector(".copy");
    button?.addEventListener("click", () => copy(button, "Copy command", this.curl.querySelector("pre").textContent));
  }

  async #submit(event) {
    event.preventDefault();
    if (this.abort || this.#isEmpty()) return;
    this.abort = new AbortController();
    this.#busy(true);
    this.say("Asking …");
    try {
      await this.run(this, this.abort.signal);
    } catch (error) {
      if (error.name === "AbortError") this.say("Stopped.");
      else this.#fail(error);
    } finally {
      this.abort = null;
      this.#busy(false);
    }
  }

  /** Says so, where there is nothing to send. */
  #isEmpty() {
    const field = [...this.form.querySelectorAll("[required]")].find((required) => !required.value.trim());
    if (!field) return false;
    this.#fail(new Problem({ title: "There is nothing to send yet", detail: field.dataset.missing }));
    field.focus();
    return true;
  }

  #busy(busy) {
    this.submitButton.disabled = busy;
    this.stopButton.hidden = !busy;
    if (busy) this.problem.hidden = true;
  }

  say(text) {
    this.status.textContent = text;
  }

  #fail(error) {
    this.say("");
    showProblem(this.problem, error);
  }

  showCurl(path, body) {
    this.curl.querySelector("pre").textContent = curlCommand(path, body);
    this.curl.hidden = false;
  }
}
