import { envelopeInvalid, signatureInvalid } from "./refusals.js";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

/** Write bytes as unpadded base64url. */
export function encode(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const left = Math.min(3, bytes.length - at);
    const word = (bytes[at] << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let n = 0; n <= left; n += 1) text += ALPHABET[(word >> (18 - 6 * n)) & 63];
  }
  return text;
}

/** Read unpadded base64url, and only the one spelling that `encode` gives. */
export function decode(text) {
  const bytes = [];
  let word = 0;
  let bits = 0;
  for (const letter of text) {
    const value = ALPHABET.indexOf(letter);
    if (value < 0) throw envelopeInvalid("a member is not base64url");
    word = ((word << 6) | value) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((word >> bits) & 0xff);
    }
  }
  const read = Uint8Array.from(bytes);
  if (encode(read) !== text) throw envelopeInvalid("a member is not base64url");
  return read;
}

/**
 * Read an envelope's JSON form.
 * @returns {{payload: Uint8Array, signature: Uint8Array, keyId: string}}
 */
export function readEnvelope(value) {
  const members = value !== null && typeof value === "object" ? value : {};
  const { payload, signature, key_id: keyId } = members;
  if (![payload, signature, keyId].every((member) => typeof member === "string")) {
    throw envelopeInvalid("payload, signature and key_id must be texts");
  }
  return { payload: decode(payload), signature: decode(signature), keyId };
}

/**
 * Read a key ring: an object (or its JSON text) from key id to the 32 bytes of an Ed25519 public
 * key in base64url.
 * @returns {Promise<Map<string, CryptoKey>>}
 */
export async function loadPublicKeys(ring) {
  let texts = ring;
  if (typeof ring === "string") {
    try {
      texts = JSON.parse(ring);
    } catch {
      texts = null;
    }
  }
  if (texts === null || typeof texts !== "object" || Array.isArray(texts)) {
    throw envelopeInvalid("the public keys are not a JSON object of keys");
  }
  const keys = new Map();
  for (const [keyId, text] of Object.entries(texts)) {
    keys.set(keyId, await importKey(typeof text === "string" ? decode(text) : new Uint8Array()));
  }
  return keys;
}

/** Make a key of its 32 bytes. */
export async function importKey(raw) {
  if (raw.length !== KEY_BYTES) throw envelopeInvalid("a public key is not of 32 bytes");
  return crypto.subtle.importKey("raw", raw, { name: "Ed25519" }, false, ["verify"]);
}

/** Give a key's id: the first 16 hexadecimal digits of its SHA-256. */
export async function keyIdOf(raw) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", raw));
  return [...digest.slice(0, 8)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * Give the payload's bytes once their signature has been checked.
 * @throws {Refused} signature_invalid: an unknown key, or a signature that does not match
 */
export async function verify(envelope, keys) {
  const key = keys.get(envelope.keyId);
  if (key === undefined || envelope.signature.length !== SIGNATURE_BYTES) {
    throw signatureInvalid(envelope.keyId);
  }
  const { signature, payload } = envelope;
  const holds = await crypto.subtle.verify({ name: "Ed25519" }, key, signature, payload);
  if (!holds) throw signatureInvalid(envelope.keyId);
  return payload;
}
