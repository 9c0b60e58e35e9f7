/** A tenant's local calendar, by the zone rules that come with the runtime (Intl). */

import { utcDay } from "./instants.js";

const SECOND = 1_000_000n;
const DAY_SECONDS = 86400;
const formats = new Map();

function format(zone) {
  let found = formats.get(zone);
  if (found === undefined) {
    found = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    formats.set(zone, found);
  }
  return found;
}

const floorSeconds = (at) => Number((at - (((at % SECOND) + SECOND) % SECOND)) / SECOND);

/** Give the wall clock's seconds since 1970, as if it showed UTC, at a POSIX second. */
function wallSeconds(seconds, zone) {
  const parts = {};
  for (const { type, value } of format(zone).formatToParts(seconds * 1000)) parts[type] = Number(value);
  const day = utcDay(parts.year, parts.month, parts.day);
  return day * DAY_SECONDS + parts.hour * 3600 + parts.minute * 60 + parts.second;
}

/**
 * Give the first instant of a local day (a number of days since 1970-01-01). That is midnight, or
 * where a clock change skips midnight, the first instant after the gap.
 */
export function localDayStart(day, zone) {
  const wall = day * DAY_SECONDS;
  const offsets = [-DAY_SECONDS, DAY_SECONDS].map((by) => wallSeconds(wall + by, zone) - (wall + by));
  const candidates = offsets.map((offset) => wall - offset).sort((a, b) => a - b);
  const exact = candidates.find((seconds) => wallSeconds(seconds, zone) === wall);
  if (exact !== undefined) return BigInt(exact) * SECOND;
  let [early, late] = candidates;
  while (late - early > 1) {
    const middle = Math.floor((early + late) / 2);
    if (wallSeconds(middle, zone) < wall) early = middle;
    else late = middle;
  }
  return BigInt(late) * SECOND;
}

/** Give the local day that an instant belongs to; later instants never belong to earlier days. */
export function localDay(at, zone) {
  const day = Math.floor(wallSeconds(floorSeconds(at), zone) / DAY_SECONDS);
  return localDayStart(day + 1, zone) <= at ? day + 1 : day;
}

/** Give the wall clock of an instant: its local day and the seconds into it. */
export function wallClock(at, zone) {
  const seconds = wallSeconds(floorSeconds(at), zone);
  const day = Math.floor(seconds / DAY_SECONDS);
  return { day, seconds: seconds - day * DAY_SECONDS };
}

/** Tell whether the runtime knows a zone of this name. */
export function zoneKnown(zone) {
  try {
    format(zone);
    return true;
  } catch {
    return false;
  }
}
