/** The JavaScript client behind the conformance kit's protocol: one line of JSON each way. */

import { createInterface } from "node:readline";

import {
  decide,
  EntitlementState,
  instantText,
  KeyRing,
  LeaseBook,
  loadPublicKeys,
  nextLease,
  outcomeOf,
  parseHeartbeat,
  parseInstant,
  parseLeases,
  parseSnapshot,
  pauseAfter,
  quotaPeriod,
  readEnvelope,
  Refused,
  snapshotBody,
  verify,
  waitAskedFor,
} from "./src/index.js";
import { decimalText, parseDecimal } from "./src/decimals.js";
import { encode } from "./src/envelope.js";

const MILLISECOND = 1000n;
const HELD = ["lease", "fence", "spent"];
const TOLD = { acquire: [], renew: HELD, close: HELD, recover: ["fence"] };

const verified = async ({ envelope, keys }) =>
  verify(readEnvelope(envelope), await loadPublicKeys(keys));

/** Give what an act gives, or the code of what it was refused for. */
async function told(act) {
  try {
    return await act();
  } catch (refused) {
    if (refused instanceof Refused) return { refused: refused.code };
    throw refused;
  }
}

const optional = (value, text) => (value === null ? null : text(value));

function said(decision) {
  const { allowed, reason, limit, value, validUntil, revision } = decision;
  return {
    allowed,
    reason,
    limit: optional(limit, decimalText),
    value: optional(value, (it) => (typeof it === "string" ? { text: it } : { number: decimalText(it) })),
    valid_until: optional(validUntil, instantText),
    revision,
  };
}

async function keyrings({ keys, steps }) {
  const ring = new KeyRing(await loadPublicKeys(keys));
  const results = [];
  for (const { do: act, envelope } of steps) {
    results.push(
      await told(async () => {
        if (act === "ring") return { applied: await ring.apply(envelope), serial: ring.serial };
        await verify(readEnvelope(envelope), ring);
        return { verified: true };
      }),
    );
  }
  return { results };
}

async function states({ tenant, keys, now, steps }) {
  let wall = parseInstant(now);
  let monotonic = 0n;
  const state = new EntitlementState({
    tenant,
    keys: await loadPublicKeys(keys),
    now: () => wall,
    monotonic: () => monotonic,
  });
  const results = [];
  for (const step of steps) {
    const passed = BigInt(step.after_ms ?? 0) * MILLISECOND;
    wall += passed;
    monotonic += passed;
    if (step.wall !== undefined) {
      const at = parseInstant(step.wall);
      if (at > wall) monotonic += at - wall;
      wall = at;
    }
    results.push(await told(() => stepState(state, step)));
  }
  return { results };
}

async function stepState(state, { do: act, envelope, feature }) {
  if (act === "snapshot") return { applied: await state.applySnapshot(envelope) };
  if (act === "heartbeat") return { applied: await state.applyHeartbeat(envelope) };
  const decision = said(state.check(feature));
  const age = state.revision > 0 ? Math.round(state.ageSeconds() * 1000) : null;
  return { ...decision, age_ms: age };
}

async function leaseAnswers(asked) {
  const { issuedAt, results } = parseLeases(await verified(asked), {
    tenant: asked.tenant,
    holder: asked.holder,
    requestId: asked.request_id,
    asked: asked.asked,
  });
  return { issued_at: instantText(issuedAt), results: results.map(resultBody) };
}

function resultBody({ units, spent, remaining, limit, expiresInSeconds, ...rest }) {
  const body = {
    ...rest,
    units: Number(units),
    spent: Number(spent),
    expires_in_seconds: expiresInSeconds,
    remaining: Number(remaining > 0n ? remaining : 0n),
    over: Number(remaining < 0n ? -remaining : 0n),
  };
  return limit === null ? body : { ...body, limit: Number(limit) };
}

/** Plays lease vectors: one account of one book, on a clock that the steps move. */
class LeasePlay {
  constructor(asked) {
    this.asked = asked;
    this.now = 0n;
    this.book = new LeaseBook("ins_conformance", () => this.now);
    this.learn({ limit: "1000" });
    this.holds = new Map();
    this.requests = [];
  }

  step(step) {
    this.now = BigInt(step.at_ms) * MILLISECOND;
    return this[step.do](step);
  }

  spend({ units }) {
    return left(this.account.spend(BigInt(units)));
  }

  hold({ name, units, timeout_ms: timeout = null }) {
    const wait = optional(timeout, (ms) => BigInt(ms) * MILLISECOND);
    const held = this.account.hold(BigInt(units), this.now, wait);
    if (typeof held === "string") return { refused: held };
    this.holds.set(name, held);
    return left(this.account.lease.left);
  }

  confirm({ name, units }) {
    const held = this.holds.get(name);
    return done(held?.confirm(units === undefined ? held.units : BigInt(units)) ?? "unknown_hold");
  }

  release({ name }) {
    return done(this.holds.get(name)?.release() ?? "unknown_hold");
  }

  send() {
    const request = this.book.begin();
    if (request === null) return { operations: [] };
    this.requests.push(request);
    const shown = ({ op, ...rest }) => ({
      op,
      ...Object.fromEntries(TOLD[op].map((name) => [name, rest[name]])),
    });
    return { operations: request.operations.map(shown) };
  }

  answer({ request = -1, results }) {
    const sent = this.requests.at(request);
    const read = results.map((result, n) => ({
      op: sent.operations[n].op,
      status: result.status,
      lease: result.lease ?? "",
      fence: result.fence ?? 0,
      units: BigInt(result.units ?? "0"),
      expiresInSeconds: result.expires_in_seconds ?? 0,
      remaining: BigInt(result.remaining ?? "0"),
      limit: null,
    }));
    return { taken: this.book.finish(sent.request_id, read) };
  }

  recover() {
    this.book.recover();
    return { done: true };
  }

  stop() {
    this.book.retireAll();
    return { done: true };
  }

  reject() {
    this.book.reject(this.requests.at(-1).request_id);
    return { done: true };
  }

  learn({ limit }) {
    const { kind, mode, period } = this.asked;
    const granted = parseDecimal(limit);
    this.account = this.book.account("orders", { kind, mode }, { key: period }, granted);
    return { done: true };
  }
}

const left = (units) => (typeof units === "string" ? { refused: units } : { left: String(units) });
const done = (settled) => (settled === true ? { done: true } : { refused: settled });

const CLIENTS = {
  envelopes: async (asked) => ({ payload: encode(await verified(asked)) }),
  keyrings,
  snapshots: async (asked) => ({
    snapshot: snapshotBody(parseSnapshot(await verified(asked), { tenant: asked.tenant })),
  }),
  heartbeats: async (asked) => {
    const { revision, issuedAt } = parseHeartbeat(await verified(asked), { tenant: asked.tenant });
    return { revision, issued_at: instantText(issuedAt) };
  },
  decisions: ({ snapshot, feature, at, age_seconds: age }) => {
    const bytes = new TextEncoder().encode(JSON.stringify(snapshot));
    return said(decide(parseSnapshot(bytes), feature, parseInstant(at), age));
  },
  quotas: ({ zone, at, per = null, rolling_seconds: rollingSeconds = null }) => {
    const { key, start, end } = quotaPeriod({ per, rollingSeconds }, zone, parseInstant(at));
    return { key, start: optional(start, instantText), end: optional(end, instantText) };
  },
  states,
  lease_answers: leaseAnswers,
  lease_statuses: ({ status, retry_after: retryAfter, now, failures }) => {
    const at = Number(parseInstant(now) / MILLISECOND);
    const then = outcomeOf(status);
    if (then === "take") return { then };
    const asked = status === null ? 0 : waitAskedFor(status, retryAfter, at);
    const { least, most } = pauseAfter(then, failures, asked);
    return { then, least_ms: least, most_ms: most };
  },
  lease_sizes: ({ units, seconds, remaining, holders }) => {
    const rate = { units: BigInt(units), seconds: BigInt(seconds) };
    return { units: String(nextLease(rate, BigInt(remaining), BigInt(holders))) };
  },
  leases: (asked) => {
    const play = new LeasePlay(asked);
    return { results: asked.steps.map((step) => play.step(step)) };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, suite, input } = JSON.parse(line);
  const client = CLIENTS[suite];
  const answer =
    client === undefined ? { unsupported: true } : { output: await told(() => client(input)) };
  process.stdout.write(`${JSON.stringify({ id, ...answer })}\n`);
}
