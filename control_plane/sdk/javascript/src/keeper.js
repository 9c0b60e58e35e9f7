/** Sends what a `LeaseBook` has due, and hands it the answers: over HTTP, for as long as it runs. */

import { readEnvelope, verify } from "./envelope.js";
import { parseLeases } from "./lease_messages.js";
import { pause } from "./subscriber.js";

const TICK_MS = 1_000;
const SILENCE_MS = 10_000;
const REFUSED = new Set([400, 404, 409, 413, 422]);

/**
 * Keeps a book's leases: acquires what is needed, renews in time, and gives back what is held when
 * it stops. A request without an answer is sent again as it was.
 */
export class LeaseKeeper {
  #book;
  #options;
  #ending = null;
  #keeping = null;
  #wake = () => {};
  /** Why the last request failed, null after one that did not. */
  lastError = null;

  /**
   * @param {LeaseBook} book made with `onNeed: () => keeper.wake()`
   * @param {object} options `url`, `token`, `tenant` and `keys` (a `KeyRing` or a Map of keys)
   */
  constructor(book, { url, token, tenant, keys }) {
    this.#book = book;
    this.#options = { address: `${url.replace(/\/+$/, "")}/v1/service/leases`, token, tenant, keys };
  }

  /** Begin to keep; once is enough. */
  start() {
    if (this.#ending !== null) return;
    this.#ending = new AbortController();
    this.#keeping = this.#keep(this.#ending.signal);
  }

  /** Look at once whether something is due. */
  wake() {
    this.#wake();
  }

  /** Give every lease back, and end. */
  async stop() {
    this.#ending?.abort();
    await this.#keeping;
    this.#ending = null;
    this.#book.retireAll();
    await this.send();
  }

  /** Send what is due; true when there was an answer, or nothing to be sent. */
  async send() {
    const request = this.#book.begin();
    if (request === null) return true;
    try {
      const results = await this.#ask(request);
      if (results === null) this.#book.reject(request.request_id);
      else this.#book.finish(request.request_id, results);
      this.lastError = null;
      return results !== null;
    } catch (error) {
      this.lastError = String(error?.message ?? error);
      return false;
    }
  }

  async #keep(ending) {
    let failures = 0;
    while (!ending.aborted) {
      failures = (await this.send()) ? 0 : failures + 1;
      const longest = Math.min(TICK_MS * 2 ** Math.min(failures, 3), 8 * TICK_MS);
      const woken = new Promise((resolve) => {
        this.#wake = resolve;
      });
      const wait = failures === 0 ? longest : Math.random() * longest;
      await (failures === 0 ? Promise.race([pause(wait, ending), woken]) : pause(wait, ending));
    }
  }

  /** Give the verified results, or null where the control plane will never take the request. */
  async #ask(request) {
    const { address, token, tenant, keys } = this.#options;
    const answer = await fetch(address, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(SILENCE_MS),
    });
    if (REFUSED.has(answer.status)) return null;
    if (!answer.ok) throw new Error(`the control plane answered ${answer.status}`);
    const payload = await verify(readEnvelope((await answer.json()).leases), keys);
    return parseLeases(payload, {
      tenant,
      holder: request.holder,
      requestId: request.request_id,
      asked: request.operations.map(({ op }) => op),
    }).results;
  }
}
