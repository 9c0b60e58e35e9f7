/** What a message is refused for; `code` is the same in every language's client. */
export class Refused extends Error {
  /**
   * @param {string} code such as `signature_invalid`
   * @param {string} message
   */
  constructor(code, message) {
    super(message);
    this.name = "Refused";
    this.code = code;
  }
}

export const envelopeInvalid = (reason) =>
  new Refused("envelope_invalid", `This is not a signed envelope: ${reason}.`);

export const signatureInvalid = (keyId) =>
  new Refused("signature_invalid", `The signature by key “${keyId}” does not hold.`);

export const snapshotInvalid = (path, reason) =>
  new Refused("snapshot_invalid", `The signed message cannot be used: ${path} ${reason}.`);

export const snapshotOutdated = (revision, held) =>
  new Refused("snapshot_outdated", `Revision ${revision} is older than revision ${held}.`);
