/** May this call go ahead? A pure answer from a snapshot, an instant and the snapshot's age. */

import { leased, limited, maxAgeSeconds } from "./snapshot.js";

const READING_ONLY = new Set(["read_only", "suspended"]);
const CLOSED = new Set(["retained", "purged"]);

/**
 * Decide one feature; a window's end no longer belongs to it. Units are not counted here.
 * @param {bigint} at microseconds since 1970
 * @param {number} ageSeconds since the newest signed word on the snapshot
 */
export function decide(snapshot, feature, at, ageSeconds) {
  const grant = snapshot.features.get(feature);
  const decision = decideFresh(snapshot, grant, at, ageSeconds);
  return ageSeconds > maxAgeSeconds(grant) ? whenStale(decision, grant) : decision;
}

/** Give a refusal for a reason. */
export function refusal(reason, revision = 0, age = Infinity, validUntil = null) {
  return { allowed: false, reason, limit: null, remaining: null, revision, validUntil, value: null, age };
}

function whenStale(decision, grant) {
  if (grant === undefined || grant.onStale === "deny") {
    return refusal("stale", decision.revision, decision.age);
  }
  return decision.allowed ? { ...decision, reason: "stale_allowed" } : decision;
}

function decideFresh(snapshot, grant, at, age) {
  const refused = (reason, until = null) => refusal(reason, snapshot.revision, age, until);
  if (grant === undefined) return refused("unknown_feature");
  for (const [n, window] of grant.windows.entries()) {
    if (at < window.start) return refused(n === 0 ? "not_started" : "expired", window.start);
    if (window.end === null || at < window.end) {
      const closed = closedBy(snapshot.standing, grant);
      if (closed !== null) return refused(closed, window.end);
      return {
        allowed: true,
        reason: "granted",
        limit: limited(grant) ? window.value : null,
        remaining: null,
        revision: snapshot.revision,
        validUntil: window.end,
        value: window.value,
        age,
      };
    }
  }
  return refused(grant.windows.length > 0 ? "expired" : "not_subscribed");
}

/** Give why a feature that was bought is closed to a tenant of this standing, if it is. */
function closedBy(standing, grant) {
  if (CLOSED.has(standing)) return standing;
  const writes = leased(grant) || grant.access === "write";
  return writes && READING_ONLY.has(standing) ? standing : null;
}
