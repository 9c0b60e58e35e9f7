/** The leases of one process: units it alone may spend, for a while. No I/O; units are BigInt. */

import { readMessage } from "./reading.js";

export const HORIZON_SECONDS = 5n;
const MICROSECOND = 1n;
const SECOND = 1_000_000n * MICROSECOND;
const PAUSE = SECOND / 4n; // how long “nothing left” is believed
const KEEP = 15n * SECOND; // and for how long a lease is only filled up when it must be
const MOST_OPERATIONS = 100;
const OPERATIONS = ["acquire", "renew", "close", "recover"];
const STATUSES = ["ok", "exhausted", "fenced", "lost", "closed", "unknown", "refused"];
const EXTENDED = new Set(["ok", "exhausted"]);

const larger = (a, b) => (a > b ? a : b);
const smaller = (a, b) => (a < b ? a : b);

/**
 * Give how many units the next lease should have: five seconds' worth at `units` in `seconds`, at
 * most half of an equal share of what remains, at least one while anything does.
 */
export function nextLease({ units, seconds = 1n }, remaining, holders) {
  const share = remaining / (2n * larger(holders, 1n));
  const worth = (units * HORIZON_SECONDS) / seconds;
  return smaller(larger(1n, smaller(worth, share)), larger(remaining, 0n));
}

/**
 * Read an answer whose signature was checked, for exactly this request.
 * @throws {Refused} snapshot_invalid: for another tenant, holder or request (a replay), other
 *   operations than `asked`, or malformed
 */
export function parseLeases(bytes, { tenant, holder, requestId, asked = [] }) {
  const reader = readMessage(bytes, "leases", tenant);
  reader.expect("holder", holder);
  reader.expect("request_id", requestId);
  const issuedAt = reader.instant("issued_at");
  const results = reader.children("results").map(readResult);
  const same = asked.length === results.length && results.every(({ op }, n) => op === asked[n]);
  if (asked.length > 0 && !same) throw reader.refuse("does not answer what was asked");
  return { issuedAt, results };
}

function readResult(reader) {
  return {
    op: reader.expect("op", ...OPERATIONS),
    status: reader.expect("status", ...STATUSES),
    reason: reader.text("reason"),
    lease: reader.text("lease"),
    feature: reader.text("feature"),
    period: reader.text("period"),
    fence: reader.whole("fence"),
    units: BigInt(reader.whole("units")),
    spent: BigInt(reader.whole("spent")),
    expiresInSeconds: reader.whole("expires_in_seconds"),
    remaining: BigInt(reader.whole("remaining")) - BigInt(reader.whole("over")),
    limit: reader.has("limit") ? BigInt(reader.whole("limit")) : null,
  };
}

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
  needed = 0n;
  remaining = 0n;
  limit = null;
  size = 1n;
  #measuredAt;
  #pauseUntil = null;
  #keepAfter = null;
  #emptyFor = 0n;

  constructor(feature, period, { clock, soft = false, slots = false, wake = () => {} }) {
    this.feature = feature;
    this.period = period;
    this.clock = clock;
    this.soft = soft;
    this.slots = slots;
    this.wake = wake;
    this.#measuredAt = clock();
  }

  /** Spend units now and give what is left; or `no_lease`, `limit_reached`, spending nothing. */
  spend(units, at = this.clock()) {
    const { lease } = this;
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
    const whole = result.status === "ok";
    this.#pauseUntil = whole ? null : at + PAUSE;
    this.#keepAfter = whole ? null : at + KEEP;
    this.#emptyFor = result.status === "exhausted" ? larger(this.needed, 1n) : 0n;
    this.needed = 0n;
  }

  /** Whether asking for more units may bring any. */
  mayAsk(at) {
    if (this.needed === 0n) return this.#keepAfter === null || at >= this.#keepAfter;
    return this.#pauseUntil === null || at >= this.#pauseUntil || this.needed < this.#emptyFor;
  }

  /** Give how many unspent units the lease should have from now on: five seconds' worth. */
  nextSize(at) {
    const { lease } = this;
    const taken = larger(lease.spent + lease.reserved - lease.reported, 0n);
    const worth = (taken * HORIZON_SECONDS * SECOND) / larger(at - this.#measuredAt, SECOND);
    this.#measuredAt = at;
    return [worth, this.size / 2n, this.needed, 1n].reduce(larger);
  }

  /** Spend no more of the present lease; it is closed once nothing of it is reserved. */
  retire() {
    const { lease } = this;
    lease.until = null;
    lease.renewAt = null;
    if (lease.id !== "") this.old.push(lease);
    this.lease = new Lease();
  }

  /** Take what an answer grants; its life counts from when the request was first sent. */
  extend(result, sentAt) {
    if (this.lease.id !== result.lease) {
      const lent = this.lease.left; // what a soft account spent while it had no lease
      this.lease = new Lease();
      this.lease.id = result.lease;
      this.lease.left = lent;
    }
    const { lease } = this;
    lease.fence = result.fence;
    lease.left += result.units - lease.cap;
    lease.cap = result.units;
    lease.until = sentAt + BigInt(result.expiresInSeconds) * SECOND;
    lease.renewAt = (sentAt + lease.until) / 2n;
    this.size = larger(lease.left, 1n);
  }

  #takeLate(held, units, at) {
    const { lease } = this;
    if (units > 0n && (lease.left < units || !lease.alive(at))) return "reservation_expired";
    held.confirmed = units;
    if (!this.slots) lease.left -= units;
    return true;
  }

  #dry(units, at) {
    if (units < 0n) return "limit_reached";
    this.needed = larger(this.needed, units);
    this.wake();
    if (this.soft) {
      this.lease.left -= units;
      return this.lease.left;
    }
    const paused = this.#pauseUntil !== null && at < this.#pauseUntil;
    return paused && this.#emptyFor > 0n && units >= this.#emptyFor ? "limit_reached" : "no_lease";
  }
}

/**
 * Holds a process' leases. Whoever keeps it sends what `begin` gives to `POST /v1/service/leases`
 * and hands the verified answer to `finish`; until then `begin` gives the same request again.
 */
export class LeaseBook {
  #accounts = new Map();
  #current = new Map();
  #sent = null;
  #sequence = 0;

  /**
   * @param {string} holder the instance, such as `ins_…`
   * @param {() => bigint} clock microseconds that never run backwards
   */
  constructor(holder, clock, { onNeed = () => {}, random = randomWord } = {}) {
    this.holder = holder;
    this.clock = clock;
    this.onNeed = onNeed;
    this.random = random;
    this.epoch = Number(BigInt(`0x${random()}`) & 0x1f_ffff_ffff_ffffn); // 53 bits
  }

  /** Give a feature's account in the period that is its present one from now on. */
  account(feature, grant, period) {
    const before = this.#current.get(feature);
    if (before?.period === period.key) return before;
    if (before !== undefined) before.current = false;
    const key = JSON.stringify([feature, period.key]);
    const account =
      this.#accounts.get(key) ??
      new LeasedAccount(feature, period.key, {
        clock: this.clock,
        soft: grant.mode === "soft",
        slots: grant.kind === "concurrency",
        wake: () => this.onNeed(),
      });
    account.current = true;
    this.#accounts.set(key, account);
    this.#current.set(feature, account);
    return account;
  }

  /** Give the body to be sent now, or null where nothing is due. */
  begin(at = this.clock()) {
    if (this.#sent !== null) return this.#sent.request;
    const asked = [...this.#accounts.values()].flatMap((account) => due(account, at));
    const taken = asked.slice(0, MOST_OPERATIONS);
    if (taken.length === 0) return null;
    for (const { operation, lease } of taken) promise(operation, lease);
    this.#sequence += 1;
    const request = {
      request_id: `${this.random()}-${this.#sequence}`,
      holder: this.holder,
      epoch: this.epoch,
      operations: taken.map(({ operation }) => operation),
    };
    this.#sent = { request, taken, at };
    return request;
  }

  /** Apply an answer's results; false if it answers nothing that still waits for one. */
  finish(requestId, results, at = this.clock()) {
    if (this.#sent?.request.request_id !== requestId) return false;
    const sent = this.#sent;
    this.#sent = null;
    results.forEach((result, n) => apply(sent.taken[n], result, sent.at, at));
    return true;
  }

  /** Give up a request that the control plane will never take; its leases are let go. */
  reject(requestId) {
    if (this.#sent?.request.request_id !== requestId) return;
    const { taken } = this.#sent;
    this.#sent = null;
    for (const { account, lease } of taken) {
      if (account.lease === lease) account.retire();
      account.old = account.old.filter((old) => old !== lease);
    }
  }

  /** Stop spending: every lease goes back with the next request, once its work is done. */
  retireAll() {
    for (const account of this.#accounts.values()) {
      account.current = false;
      account.retire();
    }
    this.#current.clear();
  }
}

function due(account, at) {
  account.expireReservations(at);
  const { lease } = account;
  const over = !account.current || !lease.alive(at) || isIdle(account, at);
  if (lease.id !== "" && over) account.retire();
  const asked = account.old
    .filter((old) => old.reserved === 0n)
    .map((old) => ({ account, lease: old, operation: closing(old) }));
  if (!account.current) return asked;
  const present = account.lease;
  if (present.id !== "" && wantsRenewal(account, at)) {
    asked.push({ account, lease: present, operation: renewal(account, at) });
  } else if (present.id === "" && account.needed > 0n && account.mayAsk(at)) {
    asked.push({ account, lease: present, operation: acquisition(account, at) });
  }
  return asked;
}

/** A lease that nobody spends from is given back at half its life. */
function isIdle({ lease, needed }, at) {
  const unused = lease.spent + lease.reserved === lease.reported && needed === 0n;
  return unused && lease.renewAt !== null && at >= lease.renewAt;
}

function wantsRenewal(account, at) {
  const { lease, needed, size } = account;
  if (at >= lease.renewAt) return true;
  return (lease.left < needed || 2n * lease.left < size) && account.mayAsk(at);
}

const closing = ({ id, fence, spent }) => ({ op: "close", lease: id, fence, spent: Number(spent) });

function acquisition(account, at) {
  const { feature, period, needed } = account;
  const units = Number(account.nextSize(at));
  return { op: "acquire", feature, period, units, need: Number(needed) };
}

function renewal(account, at) {
  const { lease, needed } = account;
  return {
    op: "renew",
    lease: lease.id,
    fence: lease.fence,
    spent: Number(lease.spent),
    units: Number(lease.spent + lease.reserved + account.nextSize(at)),
    need: Number(larger(needed - lease.left, 1n)),
  };
}

/** Do at once what the request says: stop counting on units that it gives back. */
function promise(operation, lease) {
  if (operation.op === "close") {
    lease.cap -= lease.left;
    lease.left = 0n;
  } else if (operation.op === "renew") {
    lease.reported = BigInt(operation.spent) + lease.reserved;
    const back = larger(lease.cap - BigInt(operation.units), 0n);
    lease.cap -= back;
    lease.left -= back;
  }
}

function apply({ account, lease, operation }, result, sentAt, at) {
  if (operation.op === "close") {
    account.old = account.old.filter((old) => old !== lease);
    return;
  }
  account.note(result, at);
  if (EXTENDED.has(result.status) && result.units > 0n) {
    account.extend(result, sentAt);
  } else if (lease.id !== "" && account.lease === lease) {
    lease.fence = Math.max(lease.fence, result.fence);
    account.retire();
  }
}

function randomWord() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
