/** Exact decimals: digits as BigInt with a scale. No floating point near units. */

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?$/;
const PRECISION = 60;
const LONGEST = 2 * PRECISION;

/**
 * Read a number of at most 60 digits; `null` where the text is none.
 * @returns {{digits: bigint, scale: number} | null} digits · 10^-scale, without trailing zeros
 */
export function parseDecimal(text) {
  if (text.length > LONGEST || !NUMBER.test(text)) return null;
  const [mantissa, exponent = "0"] = text.toLowerCase().split("e");
  const [whole, fraction = ""] = mantissa.split(".");
  const negative = whole.startsWith("-");
  let digits = BigInt(whole.replace("-", "") + fraction);
  let scale = fraction.length - Number(exponent);
  while (digits !== 0n && digits % 10n === 0n) {
    digits /= 10n;
    scale -= 1;
  }
  if (digits === 0n) scale = 0;
  const length = String(digits).length;
  const adjusted = length - 1 - scale;
  if (length > PRECISION || adjusted > PRECISION || adjusted < -PRECISION) return null;
  return { digits: negative ? -digits : digits, scale };
}

/** Write a decimal in its one canonical form: no exponent, no trailing zeros, no `-0`. */
export function decimalText({ digits, scale }) {
  if (scale <= 0) return String(digits * 10n ** BigInt(-scale));
  const negative = digits < 0n;
  const text = String(negative ? -digits : digits).padStart(scale + 1, "0");
  const at = text.length - scale;
  return `${negative ? "-" : ""}${text.slice(0, at)}.${text.slice(at)}`;
}

/** Give the largest whole number that is not above a decimal. */
export function floorDecimal({ digits, scale }) {
  if (scale <= 0) return digits * 10n ** BigInt(-scale);
  const unit = 10n ** BigInt(scale);
  const whole = digits / unit;
  return digits < 0n && digits % unit !== 0n ? whole - 1n : whole;
}
