/** What is known of an account that has nothing left. Microseconds, all of them BigInt. */

import { larger, smaller } from "./lease_messages.js";

const SECOND = 1_000_000n;
const PAUSE = SECOND / 4n; // how long the server is not asked again, the first time
const LONGEST_PAUSE = 8n * SECOND; // what such pauses double up to while the answer stays the same
const BELIEVED = 60n * SECOND; // how long the answer stands, unless what is granted changes
const FLEETING = SECOND; // the same where time alone gives units back: rates, windows, slots
const KEEP = 15n * SECOND; // for how long a lease is only filled up when it must be

/** `units` or more are not to be had; 0: that is not known of any number. */
export class Shortage {
  units = 0n;
  #askAfter = null;
  #fillAfter = null;
  #until = null;
  #pause = 0n;

  /** @param {boolean} lasting whether time alone brings nothing within the period */
  constructor(lasting) {
    this.lasting = lasting;
  }

  /** Learn from an answer to a request that needed so many units. */
  note(status, needed, at) {
    if (status === "ok") {
      this.forget();
      return;
    }
    this.#fillAfter = at + KEEP;
    if (status !== "exhausted") {
      this.units = 0n;
      this.#askAfter = at + PAUSE;
      return;
    }
    this.#pause = smaller(larger(2n * this.#pause, PAUSE), this.lasting ? LONGEST_PAUSE : PAUSE);
    this.units = larger(needed, 1n);
    this.#askAfter = at + this.#pause;
    this.#until = at + (this.lasting ? BELIEVED : FLEETING);
  }

  /** Know nothing any more: what is granted may have changed. */
  forget() {
    this.#askAfter = this.#fillAfter = this.#until = null;
    this.units = this.#pause = 0n;
  }

  /** Whether asking for more may bring any: so many units are needed, or none at once. */
  mayAsk(needed, at) {
    if (needed === 0n) return this.#fillAfter === null || at >= this.#fillAfter;
    return this.#askAfter === null || at >= this.#askAfter || needed < this.units;
  }

  /** Whether it is known that so many units are not to be had. */
  covers(units, at) {
    return this.units > 0n && units >= this.units && this.#until !== null && at < this.#until;
  }
}
