/** The period that a quota counts in, cut in the tenant's zone: the same as the server's. */

import { utcDay } from "./instants.js";
import { localDay, localDayStart, wallClock } from "./zones.js";

const SECOND = 1_000_000n;
const CLOCK = { minute: 60, hour: 3600 };
const MONTHS = { month: 1, quarter: 3, year: 12 };
const DAYS_A_WEEK = 7;
const THURSDAY = 3; // of the week that a year's number follows (ISO 8601)

/**
 * Give the period of a feature that an instant falls into: half-open, in UTC. `ever` has neither
 * start nor end; a rolling window starts its length before the instant, and has no end.
 * @returns {{key: string, start: bigint | null, end: bigint | null}}
 */
export function quotaPeriod(grant, zone, at) {
  if (grant.rollingSeconds != null) {
    const start = at - BigInt(grant.rollingSeconds) * SECOND;
    return { key: `rolling:${grant.rollingSeconds}`, start, end: null };
  }
  const per = grant.per ?? "ever";
  if (per === "ever") return { key: "ever", start: null, end: null };
  if (per in CLOCK) return clockPeriod(per, zone, at);
  const [label, first, following] = calendar(per, localDay(at, zone));
  return {
    key: `${per}:${label}`,
    start: localDayStart(first, zone),
    end: localDayStart(following, zone),
  };
}

function clockPeriod(per, zone, at) {
  const { day, seconds } = wallClock(at, zone);
  const whole = (at - (((at % SECOND) + SECOND) % SECOND)) / SECOND;
  const offset = day * 86400 + seconds - Number(whole);
  const into = seconds - (seconds % CLOCK[per]);
  const start = BigInt(day * 86400 + into - offset) * SECOND;
  const clock = per === "hour" ? two(into / 3600) : `${two(into / 3600)}:${two((into / 60) % 60)}`;
  const key = `${per}:${dayText(day)}T${clock}${offsetText(offset)}`;
  return { key, start, end: start + BigInt(CLOCK[per]) * SECOND };
}

/** Give an interval's label, its first day, and the first day of the next. */
function calendar(per, day) {
  if (per === "day") return [dayText(day), day, day + 1];
  if (per === "week") return weekOf(day);
  const date = new Date(day * 86_400_000);
  const [year, months] = [date.getUTCFullYear(), MONTHS[per]];
  const month = Math.floor(date.getUTCMonth() / months) * months;
  const first = utcDay(year, month + 1, 1);
  const carries = month + months >= 12;
  const following = utcDay(carries ? year + 1 : year, carries ? 1 : month + months + 1, 1);
  const labels = {
    month: `${four(year)}-${two(month + 1)}`,
    quarter: `${four(year)}-Q${month / 3 + 1}`,
    year: four(year),
  };
  return [labels[per], first, following];
}

function weekOf(day) {
  const weekday = (((day + THURSDAY) % DAYS_A_WEEK) + DAYS_A_WEEK) % DAYS_A_WEEK; // Monday is 0
  const monday = day - weekday;
  const year = new Date((monday + THURSDAY) * 86_400_000).getUTCFullYear();
  const week = Math.floor((monday + THURSDAY - utcDay(year, 1, 1)) / DAYS_A_WEEK) + 1;
  return [`${year}-W${two(week)}`, monday, monday + DAYS_A_WEEK];
}

function dayText(day) {
  const date = new Date(day * 86_400_000);
  return `${four(date.getUTCFullYear())}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

function offsetText(seconds) {
  const minutes = Math.abs(Math.round(seconds / 60));
  return `${seconds < 0 && minutes > 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

const two = (number) => String(Math.floor(number)).padStart(2, "0");
const four = (number) => String(number).padStart(4, "0");
