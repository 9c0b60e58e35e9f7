/** Stops a keeper while an answer is missing; tells the operations that were sent, in order. */

const { module } = JSON.parse(process.argv[2]);
const sdk = await import(module);

const { privateKey, publicKey } = await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
const text = (bytes) => Buffer.from(bytes).toString("base64url");
const sent = [];
let lost = false;

function result({ op }, n) {
  const closing = op === "close";
  return {
    op,
    status: closing ? "closed" : "ok",
    reason: "",
    lease: "lea_1",
    feature: "orders",
    period: "ever",
    fence: sent.length + n,
    units: closing ? 0 : 100,
    spent: 0,
    expires_in_seconds: 30,
    remaining: 0,
    over: 0,
  };
}

globalThis.fetch = async (_, { body }) => {
  const { holder, request_id, operations } = JSON.parse(body);
  sent.push(...operations.map(({ op }) => op));
  if (lost) {
    lost = false;
    throw new Error("the answer is lost");
  }
  const payload = new TextEncoder().encode(
    JSON.stringify({
      kind: "leases",
      format: 1,
      tenant: "ten_1",
      holder,
      request_id,
      issued_at: "2026-01-10T02:00:00Z",
      results: operations.map(result),
    }),
  );
  const signature = await crypto.subtle.sign("Ed25519", privateKey, payload);
  return Response.json({
    leases: { payload: text(payload), signature: text(signature), key_id: "0123456789abcdef" },
  });
};

const book = new sdk.LeaseBook("ins_1", () => 0n);
const account = book.account("orders", { kind: "metered", mode: "hard" }, { key: "ever" });
const keys = new Map([["0123456789abcdef", publicKey]]);
const keeper = new sdk.LeaseKeeper(book, { url: "http://x", token: "", tenant: "ten_1", keys });
account.spend(1n);
await keeper.send();
account.spend(60n);
lost = true;
await keeper.send(); // a renewal, whose answer does not arrive
await keeper.stop();
console.log(JSON.stringify({ sent, due: book.begin(), error: keeper.lastError }));
