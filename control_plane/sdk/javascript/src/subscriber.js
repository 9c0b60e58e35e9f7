/** Keeps an `EntitlementState` new: follows the control plane's stream, for ever. */

import { Refused } from "./refusals.js";

const SILENCE_MS = 15_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 10_000;

/**
 * Follows one tenant's snapshot over server-sent events. When the stream breaks, or says nothing
 * for three heartbeats, it waits with full jitter and opens another.
 */
export class Subscriber {
  #state;
  #ring;
  #address;
  #headers;
  #silence;
  #ending = null;
  #following = null;
  /** Whether a stream is open and has said something. */
  connected = false;
  /** Why the last stream ended, null while one holds. */
  lastError = null;

  /**
   * @param {EntitlementState} state what is kept new
   * @param {object} options
   * @param {string} options.url the control plane's address
   * @param {string} options.token this service's token
   * @param {KeyRing} [options.ring] what `state` verifies with, to follow the rotation of keys
   */
  constructor(state, { url, token, ring = null, silenceMs = SILENCE_MS }) {
    this.#state = state;
    this.#ring = ring;
    this.#address = `${url.replace(/\/+$/, "")}/v1/service/stream`;
    this.#headers = { authorization: `Bearer ${token}`, accept: "text/event-stream" };
    this.#silence = silenceMs;
  }

  /** Begin to follow; once is enough. */
  start() {
    if (this.#ending !== null) return;
    this.#ending = new AbortController();
    this.#following = this.#follow(this.#ending.signal);
  }

  /** End following. */
  async stop() {
    this.#ending?.abort();
    await this.#following;
    this.#ending = null;
  }

  async #follow(ending) {
    let failures = 0;
    while (!ending.aborted) {
      const heard = await this.#stream(ending);
      this.connected = false;
      failures = heard ? 0 : failures + 1;
      const longest = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
      await pause(Math.random() * longest, ending);
    }
  }

  /** Read one stream to its end; true when something was taken from it. */
  async #stream(ending) {
    const broken = new AbortController();
    const give = () => broken.abort(new Error("silent for too long"));
    const end = () => broken.abort(ending.reason);
    ending.addEventListener("abort", end);
    let timer = setTimeout(give, this.#silence);
    let heard = false;
    try {
      const query = `have=${this.#state.revision}&ring=${this.#ring?.serial ?? 0}`;
      const options = { headers: this.#headers, signal: broken.signal };
      const answer = await fetch(`${this.#address}?${query}`, options);
      if (!answer.ok) throw new Error(`the control plane answered ${answer.status}`);
      for await (const event of events(answer.body)) {
        clearTimeout(timer);
        timer = setTimeout(give, this.#silence);
        await this.#take(event);
        heard = true;
        this.connected = true;
        this.lastError = null;
      }
    } catch (error) {
      if (!ending.aborted) this.lastError = String(error?.message ?? error);
    } finally {
      clearTimeout(timer);
      ending.removeEventListener("abort", end);
      broken.abort();
    }
    return heard;
  }

  async #take({ name, data }) {
    const envelope = JSON.parse(data);
    if (name === "keys") await this.#ring?.apply(envelope);
    if (name === "heartbeat") await this.#state.applyHeartbeat(envelope);
    if (name !== "snapshot") return;
    try {
      await this.#state.applySnapshot(envelope);
    } catch (refused) {
      const late = refused instanceof Refused && refused.code === "snapshot_outdated";
      if (!late) throw refused;
    }
  }
}

/** Read server-sent events (HTML standard, section 9.2): `event`, `data` and `id` of each. */
export async function* events(body) {
  const decoder = new TextDecoder();
  let text = "";
  let fields = new Map();
  for await (const piece of body) {
    text += decoder.decode(piece, { stream: true });
    const lines = text.split(/\r\n|\n|\r(?!$)/);
    text = lines.pop();
    for (const line of lines) {
      if (line === "") {
        const data = fields.get("data");
        if (data !== undefined) yield { name: fields.get("event") ?? "message", data };
        fields = new Map();
        continue;
      }
      const [, field, value = ""] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
      const more = field === "data" && fields.has("data") ? `${fields.get("data")}\n` : "";
      fields.set(field, more + value);
    }
  }
}

/** Wait so many milliseconds, or until it is over. */
export function pause(milliseconds, ending) {
  return new Promise((resolve) => {
    if (ending.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      ending.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    ending.addEventListener("abort", done);
    return undefined;
  });
}
