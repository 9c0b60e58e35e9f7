/** Entitlement checks in JavaScript: signed snapshots, decisions, quota periods and leases. */

export { decide } from "./decide.js";
export { loadPublicKeys, readEnvelope, verify } from "./envelope.js";
export { instantText, parseInstant } from "./instants.js";
export { LeaseKeeper } from "./keeper.js";
export { KeyRing } from "./keyring.js";
export { LeasedAccount } from "./lease_account.js";
export { nextLease, parseLeases } from "./lease_messages.js";
export { outcomeOf, pauseAfter, waitAskedFor } from "./lease_pauses.js";
export { LeaseBook } from "./leases.js";
export { quotaPeriod } from "./quota.js";
export { Refused } from "./refusals.js";
export { parseHeartbeat, parseSnapshot, snapshotBody } from "./snapshot.js";
export { EntitlementState } from "./state.js";
export { Subscriber } from "./subscriber.js";
