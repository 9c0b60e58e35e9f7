/** The public keys that a service trusts, and how they change while it runs. */

import { decode, importKey, keyIdOf, readEnvelope, verify } from "./envelope.js";
import { readMessage } from "./reading.js";

/**
 * The keys trusted now. Each ring replaces the one before it, and is signed by a key of that one;
 * it starts with what the service was given, which counts as serial 0.
 */
export class KeyRing {
  #keys;
  serial = 0;

  /** @param {Map<string, CryptoKey>} keys as `loadPublicKeys` gives them */
  constructor(keys) {
    this.#keys = keys;
  }

  get(keyId) {
    return this.#keys.get(keyId);
  }

  /**
   * Take a ring (an envelope's JSON form); false if it is no newer than the last.
   * @throws {Refused} envelope_invalid, signature_invalid, snapshot_invalid
   */
  async apply(envelope) {
    const reader = readMessage(await verify(readEnvelope(envelope), this), "keys", null);
    const texts = reader.child("keys");
    const keys = new Map();
    for (const keyId of texts.names()) {
      const raw = decode(texts.text(keyId));
      const key = await importKey(raw);
      if ((await keyIdOf(raw)) !== keyId) throw texts.refuse("has a key under another key's id");
      keys.set(keyId, key);
    }
    if (keys.size === 0) throw texts.refuse("is empty");
    const serial = reader.whole("serial");
    reader.instant("issued_at");
    if (serial <= this.serial) return false;
    this.#keys = keys;
    this.serial = serial;
    return true;
  }
}
