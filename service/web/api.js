// Talking to the service: JSON, or one POST answered by a stream of server-sent events.
import { byId } from "./dom.js";

/** What the service refused or failed at; carries its problem document (RFC 9457). */
export class Problem extends Error {
  constructor(document) {
    super(document.detail || document.title || "The service gave no reason.");
    this.document = document;
  }
}

export function headers() {
  const key = byId("api-key").value.trim();
  return {
    "Content-Type": "application/json",
    Accept: "text/event-stream, application/problem+json",
    ...(key && { Authorization: `Bearer ${key}` }),
  };
}

async function problemOf(response) {
  const fallback = { title: `The service answered ${response.status}`, status: response.status };
  return new Problem(await response.json().catch(() => fallback));
}

async function json(path, options) {
  const response = await fetch(path, options);
  if (!response.ok) throw await problemOf(response);
  return response.json();
}

export const getJson = (path) => json(path, { headers: headers() });

export const postJson = (path, body, more = {}) =>
  json(path, { method: "POST", headers: { ...headers(), ...more }, body: JSON.stringify(body) });

/**
 * POST `body` and yield `{event, data}` until the stream ends.
 * An `error` event, and a stream that stops without `done`, are thrown as Problem.
 */
export async function* streamEvents(path, body, signal) {
  const response = await fetch(path, {
    method: "POST",
    headers: headers(),
    body: JSON.stringify({ ...body, stream: true }),
    signal,
  });
  if (!response.ok) throw await problemOf(response);
  let done = false;
  for await (const message of messages(response.body)) {
    if (message.event === "error") throw new Problem(message.data);
    done ||= message.event === "done";
    yield message;
  }
  if (!done) throw new Problem({ title: "The answer broke off", detail: "The connection ended too early." });
}

async function* messages(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop();
    yield* blocks.map(parseBlock).filter(Boolean);
  }
}

function parseBlock(block) {
  const message = { event: "message", data: null };
  for (const line of block.split("\n")) {
    if (line.startsWith("event:")) message.event = line.slice(6).trim();
    else if (line.startsWith("data:")) message.data = JSON.parse(line.slice(5));
  }
  return message.data === null ? null : message; // a comment is a heartbeat
}

/** The command that sends the same request from a shell. */
export function curlCommand(path, body) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  const url = new URL(path, location.href).href;
  const key = byId("api-key").value ? ` \\\n  -H 'Authorization: Bearer '"$DOC2TWEET_KEY"` : "";
  return `curl -s ${quote(url)}${key} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quote(JSON.stringify(body))}`;
}
