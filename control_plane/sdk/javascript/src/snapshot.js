/** The entitlement snapshot: all that a service needs to know of its tenant, windows included. */

import { decimalText } from "./decimals.js";
import { instantText } from "./instants.js";
import { readMessage } from "./reading.js";

export const AUDIENCE = "modules";
export const FORMATS = [1, 2];
export const STRICT_AGE_SECONDS = 30;
export const PLAN_AGE_SECONDS = 72 * 3600;

const KINDS = ["boolean", "configuration", "metered", "rate", "concurrency", "seats"];
const LEASED = new Set(["metered", "rate", "concurrency"]);
const LIMITED = new Set([...LEASED, "seats"]);
const PERIODS = ["minute", "hour", "day", "week", "month", "quarter", "year", "ever"];
const STANDINGS = ["active", "grace", "read_only", "suspended", "retained", "purged"];

/** Whether a feature's units are spent from a lease. */
export const leased = (grant) => LEASED.has(grant.kind);

/** Whether a feature's value is a limit in units. */
export const limited = (grant) => LIMITED.has(grant.kind);

/** The seconds without a signed word after which a feature's answers are stale. */
export function maxAgeSeconds(grant) {
  if (grant === undefined) return PLAN_AGE_SECONDS;
  if (grant.maxAgeSeconds !== null) return grant.maxAgeSeconds;
  return grant.strict || leased(grant) ? STRICT_AGE_SECONDS : PLAN_AGE_SECONDS;
}

/**
 * Read a snapshot from a payload whose signature was checked, for this tenant when one is named.
 * @param {Uint8Array} bytes
 * @throws {Refused} snapshot_invalid
 */
export function parseSnapshot(bytes, { tenant = null, audience = AUDIENCE } = {}) {
  const reader = readMessage(bytes, "snapshot", tenant, FORMATS);
  const format = reader.whole("format");
  reader.expect("audience", audience);
  const features = reader.child("features");
  return {
    tenant: reader.text("tenant"),
    audience,
    revision: reader.whole("revision"),
    issuedAt: reader.instant("issued_at"),
    testClockAt: readClock(reader.child("clock")),
    zone: reader.text("zone"),
    standing: format === 1 ? "active" : reader.expect("standing", ...STANDINGS),
    features: new Map(
      features.names().map((code) => [code, readFeature(features.child(code), format)]),
    ),
    keys: reader.children("keys").map(readKey),
    services: reader.children("services").map(readService),
  };
}

/** Read a heartbeat: the word that `revision` was the newest at `issuedAt`. */
export function parseHeartbeat(bytes, { tenant = null } = {}) {
  const reader = readMessage(bytes, "heartbeat", tenant);
  return {
    tenant: reader.text("tenant"),
    revision: reader.whole("revision"),
    issuedAt: reader.instant("issued_at"),
  };
}

function readClock(reader) {
  return reader.expect("mode", "real", "test") === "test" ? reader.instant("at") : null;
}

function readFeature(reader, format) {
  const kind = readKind(reader, format);
  const windows = reader.children("windows").map((item) => readWindow(item, kind));
  for (let n = 1; n < windows.length; n += 1) {
    const { end } = windows[n - 1];
    if (end === null || windows[n].start < end) {
      throw reader.refuse("has windows that overlap or are out of order");
    }
  }
  const [per, rollingSeconds] = readPeriod(reader, kind);
  const strict = reader.boolean("strict");
  const later = format === 1 ? null : reader;
  return {
    kind,
    windows,
    strict,
    per,
    rollingSeconds: later === null ? null : rollingSeconds,
    mode: later?.choice("mode", "hard", "soft") ?? "hard",
    meter: later?.has("meter") ? later.text("meter") : null,
    maxAgeSeconds: later?.optionalWhole("max_age_seconds") ?? null,
    leaseSeconds: later?.optionalWhole("lease_seconds") ?? null,
    access: later?.choice("access", "write", "read") ?? "write",
    onStale: later?.choice("on_stale", "deny", "allow") ?? "deny",
  };
}

function readKind(reader, format) {
  if (format !== 1) return reader.expect("kind", ...KINDS);
  return reader.expect("kind", "boolean", "limit") === "limit" ? "metered" : "boolean";
}

function readPeriod(reader, kind) {
  if (kind !== "metered") return [null, null];
  const rolling = reader.optionalWhole("rolling_seconds");
  if (rolling === null) return [reader.expect("per", ...PERIODS), null];
  if (rolling === 0 || reader.has("per")) {
    throw reader.refuse("counts neither per calendar interval nor over a rolling window");
  }
  return [null, rolling];
}

function readWindow(reader, kind) {
  const [start, end] = [reader.instant("start"), reader.optionalInstant("end")];
  if (end !== null && end <= start) throw reader.refuse("ends before it starts");
  const burst = kind === "rate" ? reader.decimal("burst") : null;
  return { start, end, source: reader.text("source"), value: readValue(reader, kind), burst };
}

function readValue(reader, kind) {
  if (kind === "configuration") {
    return reader.has("text") ? reader.text("text") : reader.decimal("value", { signed: true });
  }
  return LIMITED.has(kind) ? reader.decimal("value") : null;
}

function readKey(reader) {
  return {
    id: reader.text("id"),
    hash: reader.hash("hash"),
    scopes: reader.texts("scopes"),
    expiresAt: reader.optionalInstant("expires_at"),
  };
}

function readService(reader) {
  return {
    instance: reader.text("instance"),
    module: reader.text("module"),
    hash: reader.hash("hash"),
    scopes: reader.texts("scopes"),
  };
}

/** Write a snapshot in its newest format, as plain JSON values; terms at their default are left out. */
export function snapshotBody(snapshot) {
  const at = snapshot.testClockAt;
  return {
    kind: "snapshot",
    format: 2,
    tenant: snapshot.tenant,
    audience: snapshot.audience,
    revision: snapshot.revision,
    issued_at: instantText(snapshot.issuedAt),
    clock: at === null ? { mode: "real" } : { mode: "test", at: instantText(at) },
    zone: snapshot.zone,
    standing: snapshot.standing,
    features: Object.fromEntries([...snapshot.features].map(([code, grant]) => [code, featureBody(grant)])),
    keys: snapshot.keys.map(({ id, hash, scopes, expiresAt }) => ({
      id,
      hash,
      scopes,
      expires_at: expiresAt === null ? null : instantText(expiresAt),
    })),
    services: snapshot.services,
  };
}

function featureBody(grant) {
  const terms = {
    per: grant.per,
    rolling_seconds: grant.rollingSeconds,
    mode: grant.mode === "hard" ? null : grant.mode,
    meter: grant.meter,
    max_age_seconds: grant.maxAgeSeconds,
    lease_seconds: grant.leaseSeconds,
    access: grant.access === "write" ? null : grant.access,
    on_stale: grant.onStale === "deny" ? null : grant.onStale,
  };
  return {
    kind: grant.kind,
    strict: grant.strict,
    windows: grant.windows.map(windowBody),
    ...Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== null)),
  };
}

function windowBody({ start, end, source, value, burst }) {
  const body = { start: instantText(start), end: end === null ? null : instantText(end), source };
  if (typeof value === "string") body.text = value;
  else if (value !== null) body.value = decimalText(value);
  if (burst !== null) body.burst = decimalText(burst);
  return body;
}
