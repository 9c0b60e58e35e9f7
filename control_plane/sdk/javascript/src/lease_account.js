/** One leased account as a process may spend from it. No I/O; units are BigInt. */

import { HORIZON_SECONDS, larger, MOST_UNITS, smaller } from "./lease_messages.js";
import { Shortage } from "./lease_shortage.js";

const SECOND = 1_000_000n; // in microseconds

/** One lease: `cap` = spent + reserved + left, always. `until` is monotonic. */
class Lease {
  id = "";
  fence = 0;
  cap = 0n;
  left = 0n;
  reserved = 0n;
  until = null;
  renewAt = null;
  reported = 0n;

  get spent() {
    return this.cap - this.left - this.reserved;
  }

  alive(at) {
    return this.until !== null && at < this.until;
  }
}

/** Units set aside for work that may fail: confirm what was used, or release all of it. */
export class Reservation {
  constructor(account, lease, units, deadline) {
    this.account = account;
    this.lease = lease;
    this.units = units;
    this.deadline = deadline;
    this.confirmed = null;
    this.expired = false;
  }

  /** Spend `units` of it, all by default; the rest comes back. Again, it changes nothing. */
  confirm(units = this.units, at = this.account.clock()) {
    if (units < 0n || units > this.units) return "reservation_exceeded";
    return this.account.settle(this, units, at);
  }

  /** Give all of it back: the work failed, and is neither counted nor billed. */
  release(at = this.account.clock()) {
    return this.account.settle(this, 0n, at);
  }
}

/** One feature in one quota period, as far as this process may spend of it. */
export class LeasedAccount {
  lease = new Lease();
  old = [];
  reservations = new Set();
  current = true;
  recovers = false;
  fence = 0;
  needed = 0n;
  asked = 0n;
  remaining = 0n;
  limit = null;
  size = 1n;
  #grant = null;
  #granted = null;
  #terms = null;
  #measuredAt;

  constructor(feature, period, { clock, slots = false, lasting = true, wake = () => {} }) {
    this.feature = feature;
    this.period = period;
    this.clock = clock;
    this.soft = false;
    this.slots = slots;
    this.shortage = new Shortage(lasting);
    this.wake = wake;
    this.#measuredAt = clock();
  }

  /** Whether nothing of it is of any more use. */
  get idle() {
    const { current, lease, old, reservations } = this;
    return !current && lease.id === "" && old.length === 0 && reservations.size === 0;
  }

  /** Spend units now and give what is left; or `no_lease`, `limit_reached`, spending nothing. */
  spend(units, at = this.clock()) {
    const { lease } = this;
    // What reservations gave up whose time is over is looked for where it is needed.
    if (this.slots || lease.left < units) this.expireReservations(at);
    if (units < 0n || lease.left < units || !lease.alive(at)) return this.#dry(units, at);
    if (!this.slots) lease.left -= units;
    return lease.left;
  }

  /** Set units aside for `timeout` microseconds at most; or say why not. */
  hold(units, at = this.clock(), timeout = null) {
    this.expireReservations(at);
    const { lease } = this;
    if (units < 0n || lease.left < units || !lease.alive(at)) {
      const refused = this.#dry(units, at);
      if (typeof refused === "string") return refused;
      lease.left += units; // a soft account lends them; it is they that are set aside
    }
    lease.left -= units;
    lease.reserved += units;
    const held = new Reservation(this, lease, units, timeout === null ? null : at + timeout);
    this.reservations.add(held);
    return held;
  }

  /** End a reservation with `units` spent; true, or `reservation_expired` where none are left. */
  settle(held, units, at) {
    this.expireReservations(at);
    if (held.confirmed !== null) return true;
    if (held.expired) return this.#takeLate(held, units, at);
    held.confirmed = units;
    this.reservations.delete(held);
    held.lease.reserved -= held.units;
    held.lease.left += this.slots ? held.units : held.units - units;
    return true;
  }

  /** Let reservations go whose time is over. */
  expireReservations(at) {
    for (const held of this.reservations) {
      if (held.deadline === null || at < held.deadline) continue;
      this.reservations.delete(held);
      held.expired = true;
      held.lease.reserved -= held.units;
      held.lease.left += held.units;
    }
  }

  /** Note what an answer says of the account. */
  note(result, at) {
    this.remaining = result.remaining;
    this.limit = result.limit;
    this.fence = Math.max(this.fence, result.fence);
    this.shortage.note(result.status, this.asked, at); // more may be needed since
    this.needed = 0n;
  }

  /** Need nothing any more of what was asked for in vain, and pause. */
  giveUp(at) {
    this.shortage.note("refused", 0n, at);
    this.needed = 0n;
  }

  /** Whether asking for more units may bring any. */
  mayAsk(at) {
    return this.shortage.mayAsk(this.needed, at);
  }

  /** Learn what is granted; where that is new, that nothing was left is forgotten. */
  learn(grant, granted) {
    if (this.#grant === grant && this.#granted === granted) return;
    this.#grant = grant;
    this.#granted = granted;
    const terms = textOf([grant, granted]); // each snapshot says in new objects what is granted
    if (this.#terms === terms) return;
    this.#terms = terms;
    this.soft = grant.mode === "soft";
    this.shortage.forget();
  }

  /** Give how many unspent units the lease should have from now on: five seconds' worth. */
  nextSize(at) {
    const { lease } = this;
    const taken = larger(lease.spent + lease.reserved - lease.reported, 0n);
    const worth = (taken * HORIZON_SECONDS * SECOND) / larger(at - this.#measuredAt, SECOND);
    this.#measuredAt = at;
    return smaller([worth, this.size / 2n, this.needed, 1n].reduce(larger), MOST_UNITS);
  }

  /** Spend no more of the present lease; it is closed once nothing of it is reserved. */
  retire() {
    const { lease } = this;
    lease.until = null;
    lease.renewAt = null;
    if (lease.left > 0n) this.shortage.forget(); // what is left of it can be had again
    if (lease.id !== "") this.old.push(lease);
    this.lease = new Lease();
  }

  /**
   * Take what an answer grants to a lease, the one that the request spoke of: it may have been
   * retired since. Its life counts from when the request was first sent.
   */
  extend(lease, result, sentAt) {
    lease.fence = result.fence;
    lease.left += result.units - lease.cap;
    lease.cap = result.units;
    lease.until = sentAt + BigInt(result.expiresInSeconds) * SECOND;
    lease.renewAt = (sentAt + lease.until) / 2n;
    this.size = larger(lease.left, 1n);
  }

  #takeLate(held, units, at) {
    const { lease } = this;
    const gone = lease.left < units || !lease.alive(at);
    if (units > 0n && gone && !this.soft) return "reservation_expired";
    held.confirmed = units;
    if (!this.slots) lease.left -= units;
    return true;
  }

  #dry(units, at) {
    // Nobody would grant more than the most, and to ask would spoil the whole request.
    if (units < 0n || units > MOST_UNITS) return "limit_reached";
    // Units of a lease that is over are not gone: they can be had again once it is closed.
    const gone = units > this.lease.left && this.shortage.covers(units, at);
    if (gone) {
      if (this.needed === 0n) this.needed = units;
    } else if (this.shortage.covers(this.needed, at)) {
      this.needed = units; // it may be had; who needs more than there is waits
    } else {
      this.needed = larger(this.needed, units);
    }
    if (this.soft) {
      this.wake();
      this.lease.left -= units;
      return this.lease.left;
    }
    if (this.mayAsk(at)) this.wake();
    return gone ? "limit_reached" : "no_lease";
  }
}

const textOf = (terms) =>
  JSON.stringify(terms, (_, value) => (typeof value === "bigint" ? String(value) : value));
