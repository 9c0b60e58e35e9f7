/** Typed reading of signed JSON: every member is checked, and a refusal says where it was. */

import { parseDecimal } from "./decimals.js";
import { parseInstant } from "./instants.js";
import { snapshotInvalid } from "./refusals.js";

const HASH = /^[0-9a-f]{64}$/;

/** One JSON object, read member by member; every method throws `snapshot_invalid`. */
export class Reader {
  #members;
  #path;

  constructor(value, path) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      throw snapshotInvalid(path, "is not an object");
    }
    this.#members = value;
    this.#path = path;
  }

  has(name) {
    return Object.hasOwn(this.#members, name);
  }

  names() {
    return Object.keys(this.#members);
  }

  text(name) {
    const value = this.#get(name);
    return typeof value === "string" ? value : this.#refuse(name, "is not a text");
  }

  /** A whole number that is not negative. */
  whole(name) {
    const value = this.#get(name);
    return Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)
      ? value
      : this.#refuse(name, "is not a whole number");
  }

  optionalWhole(name) {
    return this.has(name) ? this.whole(name) : null;
  }

  boolean(name) {
    const value = this.#get(name);
    return typeof value === "boolean" ? value : this.#refuse(name, "is not a boolean");
  }

  instant(name) {
    return parseInstant(this.text(name)) ?? this.#refuse(name, "is not a time");
  }

  optionalInstant(name) {
    return this.has(name) && this.#members[name] === null ? null : this.instant(name);
  }

  /** An exact number, written as a text; a negative one only where `signed`. */
  decimal(name, { signed = false } = {}) {
    const value = parseDecimal(this.text(name)) ?? this.#refuse(name, "is not a number");
    return signed || value.digits >= 0n ? value : this.#refuse(name, "is negative");
  }

  hash(name) {
    const text = this.text(name);
    return HASH.test(text) ? text : this.#refuse(name, "is not a SHA-256");
  }

  /** A set of texts, sorted. */
  texts(name) {
    const values = this.#list(name);
    const texts = new Set(values.filter((value) => typeof value === "string"));
    if (texts.size !== values.length) this.#refuse(name, "is not a set of texts");
    return [...texts].sort(byCodePoint);
  }

  child(name) {
    return new Reader(this.#get(name) ?? null, `${this.#path}.${name}`);
  }

  children(name) {
    return this.#list(name).map((item, n) => new Reader(item, `${this.#path}.${name}[${n}]`));
  }

  /** Require a member to be one of these values. */
  expect(name, ...allowed) {
    const value = this.#get(name);
    if (!allowed.includes(value)) this.#refuse(name, `is not ${allowed.join(" or ")}`);
    return value;
  }

  /** Give one of these texts, or the first where the member is not there. */
  choice(name, ...choices) {
    return this.has(name) ? this.expect(name, ...choices) : choices[0];
  }

  refuse(reason) {
    return snapshotInvalid(this.#path, reason);
  }

  #get(name) {
    return this.has(name) ? this.#members[name] : undefined;
  }

  #list(name) {
    const value = this.#get(name);
    return Array.isArray(value) ? value : this.#refuse(name, "is not a list");
  }

  #refuse(name, reason) {
    throw snapshotInvalid(`${this.#path}.${name}`, reason);
  }
}

/** Open a message of a kind, in one of these formats, and for this tenant when one is named. */
export function readMessage(bytes, kind, tenant, formats = [1]) {
  let value;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch {
    throw snapshotInvalid(kind, "is not JSON");
  }
  const reader = new Reader(value, kind);
  reader.expect("kind", kind);
  reader.expect("format", ...formats);
  if (tenant !== null) reader.expect("tenant", tenant);
  return reader;
}

/** Compare texts by code point, as the canonical form sorts them. */
export function byCodePoint(a, b) {
  const [left, right] = [[...a], [...b]];
  for (let n = 0; n < Math.min(left.length, right.length); n += 1) {
    const by = left[n].codePointAt(0) - right[n].codePointAt(0);
    if (by !== 0) return by;
  }
  return left.length - right.length;
}
