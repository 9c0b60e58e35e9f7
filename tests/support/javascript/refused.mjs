/** Asks each address once for a lease; tells whether the same request goes again, and when. */

const { module, urls } = JSON.parse(process.argv[2]);
const sdk = await import(module);

const told = [];
for (const url of urls) {
  const book = new sdk.LeaseBook("ins_1", () => 0n);
  const account = book.account("orders", { kind: "metered", mode: "hard" }, { key: "ever" });
  account.spend(1n);
  const first = book.begin().request_id;
  const keeper = new sdk.LeaseKeeper(book, { url, token: "tys_token", tenant: "", keys: new Map() });
  const answered = await keeper.send();
  const same = book.begin()?.request_id === first;
  told.push({ answered, same, least: keeper.pause.least / 1000, error: keeper.lastError !== null });
}
console.log(JSON.stringify(told));
