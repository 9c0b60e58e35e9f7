/** How large a lease should be, and what the control plane answers. Units are BigInt. */

import { readMessage } from "./reading.js";

export const HORIZON_SECONDS = 5n;
export const MOST_UNITS = 10n ** 15n; // of one request; more in one lease is a slip
const OPERATIONS = ["acquire", "renew", "close", "recover"];
const STATUSES = ["ok", "exhausted", "fenced", "lost", "closed", "unknown", "refused"];

export const larger = (a, b) => (a > b ? a : b);
export const smaller = (a, b) => (a < b ? a : b);

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
