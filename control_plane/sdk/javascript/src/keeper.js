/** Sends what a `LeaseBook` has due, and hands it the answers: over HTTP, for as long as it runs. */

import { readEnvelope, verify } from "./envelope.js";
import { parseLeases } from "./lease_messages.js";
import { chosenPause, outcomeOf, pauseAfter, waitAskedFor } from "./lease_pauses.js";
import { pause } from "./subscriber.js";

const TICK_MS = 1_000;
const SILENCE_MS = 10_000;

/** The control plane answered, but not with leases. */
class NotTaken extends Error {
  constructor(status, asked) {
    super(`the control plane answered ${status}`);
    this.outcome = outcomeOf(status);
    this.asked = asked;
  }
}

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
  #failures = 0;
  /** How long to wait before the next request, `least` to `most` ms; null after a good answer. */
  pause = null;
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
    // An earlier request without an answer goes first; what it was to renew is closed by the next.
    let answered = true;
    while (answered && this.#book.begin() !== null) answered = await this.send();
  }

  /** Send what is due; true when there was an answer, or nothing to be sent. */
  async send() {
    const request = this.#book.begin();
    if (request === null) {
      this.pause = null;
      return true;
    }
    try {
      this.#book.finish(request.request_id, await this.#ask(request));
      this.#failures = 0;
      this.pause = this.lastError = null;
      return true;
    } catch (error) {
      const { outcome, asked } = error instanceof NotTaken ? error : { outcome: "retry", asked: 0 };
      if (outcome === "refuse") this.#book.reject(request.request_id);
      this.#failures += 1;
      this.pause = pauseAfter(outcome, this.#failures, asked);
      this.lastError = String(error?.message ?? error);
      return false;
    }
  }

  async #keep(ending) {
    while (!ending.aborted) {
      const woken = new Promise((resolve) => {
        this.#wake = resolve;
      });
      await this.send();
      const { whatever, more } =
        this.pause === null ? { whatever: 0, more: TICK_MS } : chosenPause(this.pause);
      await pause(whatever, ending);
      await Promise.race([pause(more, ending), woken]);
    }
  }

  /** Give the verified results. */
  async #ask(request) {
    const { address, token, tenant, keys } = this.#options;
    const answer = await fetch(address, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(request),
      signal: AbortSignal.timeout(SILENCE_MS),
    });
    if (!answer.ok) {
      const asked = waitAskedFor(answer.status, answer.headers.get("retry-after"), Date.now());
      throw new NotTaken(answer.status, asked);
    }
    const payload = await verify(readEnvelope((await answer.json()).leases), keys);
    return parseLeases(payload, {
      tenant,
      holder: request.holder,
      requestId: request.request_id,
      asked: request.operations.map(({ op }) => op),
    }).results;
  }
}
