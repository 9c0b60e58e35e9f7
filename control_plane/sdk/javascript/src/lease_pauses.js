/** What becomes of a request for leases that brought none: the rule of `docs/entitlements`. */

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 8_000;
const LONGEST_WAIT_MS = 300_000;
const GIVEN_UP_MS = 30_000;
const REFUSED = new Set([400, 409, 413, 415, 422]);
const GIVEN_UP = new Set([401, 403, 404, 405, 410]);
const BUSY = new Set([429, 503]);
const HTTP_DATE = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/;

/**
 * Say what to do after an HTTP status, null where there was no answer that can be trusted: `take`
 * it, `retry` the same request, `refuse` (let it go with its leases), or `give_up` for a while.
 */
export function outcomeOf(status) {
  if (status === null) return "retry";
  if (status >= 200 && status < 300) return "take";
  if (REFUSED.has(status)) return "refuse";
  return GIVEN_UP.has(status) ? "give_up" : "retry";
}

/** Give the milliseconds that a Retry-After header asks for (RFC 9110, 10.2.3), 0 without one. */
export function waitAskedFor(status, retryAfter, now) {
  const text = (retryAfter ?? "").trim();
  if (!BUSY.has(status)) return 0;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  return HTTP_DATE.test(text) ? Date.parse(text) - now : 0;
}

/** Give how long to wait after so many failures in a row: from `least`, by chance up to `most`. */
export function pauseAfter(outcome, failures, asked = 0) {
  if (outcome === "give_up") return { least: GIVEN_UP_MS, most: 2 * GIVEN_UP_MS };
  const least = Math.min(Math.max(asked, 0), LONGEST_WAIT_MS);
  return { least, most: least + Math.min(FIRST_PAUSE_MS * 2 ** failures, LONGEST_PAUSE_MS) };
}

/** Choose from a pause: `whatever` is waited in any case, `more` unless units are needed. */
export function chosenPause({ least, most }) {
  const chosen = least + Math.random() * (most - least);
  const whatever = Math.min(chosen, Math.max(least, FIRST_PAUSE_MS));
  return { whatever, more: chosen - whatever };
}
