/** All the leases of one process: what to ask of the control plane, and what answers change. */

import { LeasedAccount } from "./lease_account.js";
import { larger, MOST_UNITS, smaller } from "./lease_messages.js";

const MOST_OPERATIONS = 100;
const EXTENDED = new Set(["ok", "exhausted"]);
const WANTING = new Set(["acquire", "renew"]);

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
  account(feature, grant, period, limit = null) {
    const before = this.#current.get(feature);
    const account = before?.period === period.key ? before : this.#turn(feature, grant, period);
    account.learn(grant, limit);
    return account;
  }

  /** Give the body to be sent now, or null where nothing is due. */
  begin(at = this.clock()) {
    if (this.#sent !== null) return this.#sent.request;
    const asked = [...this.#accounts.values()].flatMap((account) => due(account, at));
    const taken = asked.slice(0, MOST_OPERATIONS);
    if (taken.length === 0) return null;
    for (const { operation, account, lease } of taken) promise(operation, account, lease);
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
    for (const [key, account] of this.#accounts) {
      if (account.idle) this.#accounts.delete(key);
    }
    return true;
  }

  /** Give up a request that the control plane will never take; its leases are let go. */
  reject(requestId, at = this.clock()) {
    if (this.#sent?.request.request_id !== requestId) return;
    const { taken } = this.#sent;
    this.#sent = null;
    for (const { account, lease, operation } of taken) {
      if (account.lease === lease) account.retire();
      account.old = account.old.filter((old) => old !== lease);
      if (WANTING.has(operation.op)) account.giveUp(at);
    }
  }

  /** Stop spending: every lease goes back with the next request, once its work is done. */
  retireAll() {
    for (const account of this.#accounts.values()) {
      account.current = false;
      account.needed = 0n;
      account.retire();
    }
    this.#current.clear();
  }

  /**
   * Tell, when next asking, that all events of this holder's earlier processes are reported: what
   * those held and never returned is then settled by what was metered. None of them may be running
   * any more. Nothing of this is kept here: it is the service that knows.
   */
  recover() {
    for (const account of this.#accounts.values()) account.recovers = true;
  }

  #turn(feature, grant, period) {
    const before = this.#current.get(feature);
    if (before !== undefined) {
      before.current = false;
      before.needed = 0n;
    }
    const key = JSON.stringify([feature, period.key]);
    const account =
      this.#accounts.get(key) ??
      new LeasedAccount(feature, period.key, {
        clock: this.clock,
        slots: grant.kind === "concurrency",
        lasting: grant.kind === "metered" && (grant.rollingSeconds ?? null) === null,
        wake: () => this.onNeed(),
      });
    account.current = true;
    this.#accounts.set(key, account);
    this.#current.set(feature, account);
    return account;
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
  if (account.recovers && account.fence > 0) {
    asked.push({ account, lease: account.lease, operation: recovery(account) });
  }
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

const recovery = ({ feature, period, fence }) => ({ op: "recover", feature, period, fence });

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
    units: Number(smaller(lease.spent + lease.reserved + account.nextSize(at), MOST_UNITS)),
    need: Number(smaller(larger(needed - lease.left, 1n), MOST_UNITS)),
  };
}

/** Do at once what the request says: stop counting on units that it gives back. */
function promise(operation, account, lease) {
  if (operation.op === "recover") account.recovers = false;
  if (WANTING.has(operation.op)) account.asked = account.needed;
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
  if (operation.op === "recover") return;
  if (operation.op === "close") {
    account.old = account.old.filter((old) => old !== lease);
    return;
  }
  account.note(result, at);
  if (EXTENDED.has(result.status) && result.units > 0n) {
    // What was reserved of a lease before its first answer stays its own.
    const extended = operation.op === "acquire" ? account.lease : lease;
    extended.id = result.lease;
    account.extend(extended, result, sentAt);
  } else if (lease.id !== "") {
    lease.fence = Math.max(lease.fence, result.fence);
    if (account.lease === lease) account.retire();
  }
}

function randomWord() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
