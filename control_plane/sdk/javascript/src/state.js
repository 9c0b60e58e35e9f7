/** What a running service holds: the newest snapshot it was given, and how old that is. */

import { decide, refusal } from "./decide.js";
import { readEnvelope, verify } from "./envelope.js";
import { systemNow } from "./instants.js";
import { quotaPeriod } from "./quota.js";
import { snapshotOutdated } from "./refusals.js";
import { leased, maxAgeSeconds, parseHeartbeat, parseSnapshot } from "./snapshot.js";

const MICROSECONDS = 1e6;
const monotonicNow = () => BigInt(Math.round(performance.now() * 1000));

/**
 * Holds the newest snapshot of one tenant and answers from it, without any I/O.
 *
 * Only envelopes signed by `keys`, for `tenant`, are taken. Verifying is asynchronous; whichever of
 * two envelopes is verified last, a lower revision never replaces a higher one.
 */
export class EntitlementState {
  #tenant;
  #keys;
  #now;
  #monotonic;
  #held = null;
  #issuerAhead = null;
  #ledger = null;

  /**
   * @param {object} options
   * @param {string} options.tenant such as `ten_…`
   * @param {Map<string, CryptoKey>} options.keys as `loadPublicKeys` gives them
   * @param {() => bigint} [options.now] real time, in microseconds since 1970
   * @param {() => bigint} [options.monotonic] microseconds that never run backwards
   */
  constructor({ tenant, keys, now = systemNow, monotonic = monotonicNow }) {
    this.#tenant = tenant;
    this.#keys = keys;
    this.#now = now;
    this.#monotonic = monotonic;
  }

  /** The revision held; 0 before the first. */
  get revision() {
    return this.#held?.snapshot.revision ?? 0;
  }

  /** The snapshot held, or null. */
  get snapshot() {
    return this.#held?.snapshot ?? null;
  }

  /** Count units from now on: `ledger.account(feature, grant, period, limit)` gives an account. */
  attach(ledger) {
    this.#ledger = ledger;
  }

  /**
   * Take a signed snapshot (an envelope's JSON form); true when it brought another revision.
   * @throws {Refused} envelope_invalid, signature_invalid, snapshot_invalid, snapshot_outdated
   */
  async applySnapshot(envelope) {
    const payload = await verify(readEnvelope(envelope), this.#keys);
    const snapshot = parseSnapshot(payload, { tenant: this.#tenant });
    const held = this.#held;
    if (held !== null && snapshot.revision < held.snapshot.revision) {
      throw snapshotOutdated(snapshot.revision, held.snapshot.revision);
    }
    if (held !== null && snapshot.revision === held.snapshot.revision) {
      this.#refresh(snapshot.issuedAt);
      return false;
    }
    this.#held = { snapshot, ...this.#measure(snapshot.issuedAt) };
    return true;
  }

  /**
   * Take a signed heartbeat; true when the snapshot held is the one it speaks of.
   * @throws {Refused} envelope_invalid, signature_invalid, snapshot_invalid
   */
  async applyHeartbeat(envelope) {
    const payload = await verify(readEnvelope(envelope), this.#keys);
    const heartbeat = parseHeartbeat(payload, { tenant: this.#tenant });
    if (this.#held === null || heartbeat.revision !== this.#held.snapshot.revision) return false;
    this.#refresh(heartbeat.issuedAt);
    return true;
  }

  /** The seconds since the newest signed word on the snapshot held; infinite if there is none. */
  ageSeconds() {
    const held = this.#held;
    if (held === null) return Infinity;
    return Number(held.age + this.#monotonic() - held.measured) / MICROSECONDS;
  }

  /** The tenant's present: its test clock's instant if it has one, else real time. */
  now() {
    return this.#held?.snapshot.testClockAt ?? this.#now();
  }

  /** Decide whether a call that needs `units` of `feature` may go ahead now, and spend them. */
  check(feature, units = 1) {
    if (this.#held === null) return refusal("no_snapshot");
    const { snapshot } = this.#held;
    const at = this.now();
    const decision = decide(snapshot, feature, at, this.ageSeconds());
    const grant = snapshot.features.get(feature);
    if (!decision.allowed || this.#ledger === null || !leased(grant)) return decision;
    const period = quotaPeriod(grant, snapshot.zone, at);
    const account = this.#ledger.account(feature, grant, period, decision.limit);
    const left = account.spend(BigInt(units), this.#monotonic());
    if (typeof left === "string") return { ...decision, allowed: false, reason: left };
    return { ...decision, remaining: left };
  }

  /** The seconds that answers on a feature stay good without another signed word. */
  maxAgeSeconds(feature) {
    return maxAgeSeconds(this.#held?.snapshot.features.get(feature));
  }

  #refresh(issuedAt) {
    if (issuedAt <= this.#held.freshAt) return;
    this.#held = { ...this.#held, ...this.#measure(issuedAt) };
  }

  /**
   * Tell how old a signed instant is, trusting whichever clock says it is older. The issuer's own
   * clock has moved on since each envelope as far as our monotonic one has, which bounds the age
   * from below even while our wall clock is wrong.
   */
  #measure(issuedAt) {
    const measured = this.#monotonic();
    const ahead = issuedAt - measured;
    if (this.#issuerAhead === null || ahead > this.#issuerAhead) this.#issuerAhead = ahead;
    const byWall = this.#now() - issuedAt;
    const byMonotonic = measured + this.#issuerAhead - issuedAt;
    const age = [byWall, byMonotonic, 0n].reduce((a, b) => (a > b ? a : b));
    return { freshAt: issuedAt, age, measured };
  }
}
