/** Instants are whole microseconds since 1970-01-01T00:00:00Z, as BigInt: exact at any date. */

const RFC3339 =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;
const LAST_MINUTE = 59;
const LAST_HOUR = 23;

/** Read an RFC 3339 time with an offset, to the microsecond; `null` where the text is none. */
export function parseInstant(text) {
  const found = RFC3339.exec(text);
  if (found === null) return null;
  const [year, month, day, hour, minute, second] = found.slice(1, 7).map(Number);
  const [sign, hours, minutes] = [found[8], Number(found[9] ?? 0), Number(found[10] ?? 0)];
  const whole = utcDay(year, month, day);
  if (whole === null || hour > LAST_HOUR || minute > LAST_MINUTE || second > LAST_MINUTE) return null;
  if (hours > LAST_HOUR || minutes > LAST_MINUTE) return null;
  const offset = (sign === "-" ? -1 : 1) * (hours * 3600 + minutes * 60);
  const seconds = whole * 86400 + hour * 3600 + minute * 60 + second - offset;
  const fraction = (found[7] ?? "").slice(0, 6).padEnd(6, "0");
  return BigInt(seconds) * 1_000_000n + BigInt(fraction);
}

/** Write an instant canonically: `2026-01-10T02:00:00Z`, microseconds only if there are any. */
export function instantText(at) {
  const micros = ((at % 1_000_000n) + 1_000_000n) % 1_000_000n;
  const seconds = Number((at - micros) / 1_000_000n);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return micros === 0n ? `${text}Z` : `${text}.${String(micros).padStart(6, "0")}Z`;
}

/** The present of the machine's clock. */
export const systemNow = () => BigInt(Date.now()) * 1000n;

/** Give the number of a day since 1970-01-01, or `null` where the calendar has no such day. */
export function utcDay(year, month, day) {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const real = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && year > 0;
  return real ? Math.floor(date.getTime() / 86_400_000) : null;
}
