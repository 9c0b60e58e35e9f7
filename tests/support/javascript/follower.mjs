/** Follows a control plane and says each time the answer on one feature changes. */

const { module, url, token, tenant, keys, feature } = JSON.parse(process.argv[2]);
const sdk = await import(module);

const ring = new sdk.KeyRing(await sdk.loadPublicKeys(keys));
const state = new sdk.EntitlementState({ tenant, keys: ring });
const subscriber = new sdk.Subscriber(state, { url, token, ring, silenceMs: 500 });
subscriber.start();

let told = "";
const timer = setInterval(() => {
  const { reason, revision } = state.check(feature);
  const line = JSON.stringify({ reason, revision, connected: subscriber.connected });
  if (line !== told) console.log(line);
  told = line;
}, 5);

process.stdin.on("data", () => {});
process.stdin.on("end", async () => {
  clearInterval(timer);
  await subscriber.stop();
});
