/** Spends units of one feature, one by one, until nothing is left; tells how many it got. */

const { module, url, token, tenant, keys, holder, feature } = JSON.parse(process.argv[2]);
const sdk = await import(module);

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const ring = new sdk.KeyRing(await sdk.loadPublicKeys(keys));
const state = new sdk.EntitlementState({ tenant, keys: ring });
const subscriber = new sdk.Subscriber(state, { url, token, ring });
const clock = () => BigInt(Math.round(performance.now() * 1000));
const book = new sdk.LeaseBook(holder, clock, { onNeed: () => keeper.wake() });
const keeper = new sdk.LeaseKeeper(book, { url, token, tenant, keys: ring });
state.attach(book);
subscriber.start();
keeper.start();

let spent = 0;
let refusals = 0;
const reasons = new Set();
while (refusals < 3) {
  const { allowed, reason } = state.check(feature);
  reasons.add(reason);
  if (allowed) {
    spent += 1;
    refusals = 0;
    if (spent % 10 === 0) await pause(1);
  } else {
    refusals += reason === "limit_reached" ? 1 : 0;
    await pause(reason === "limit_reached" ? 150 : 10);
  }
}
await keeper.stop();
await subscriber.stop();
console.log(JSON.stringify({ spent, reasons: [...reasons].sort(), error: keeper.lastError }));
