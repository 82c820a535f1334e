import {
  busyboxRootfs,
  startDavitd,
  startDockerd,
  startDockerRegistry,
  TempDir,
  writeVolumePlugin,
} from "@davit/testkit";
import { authorizationOperations, startGuards } from "./authorization.ts";
import { measure, median } from "./measure.ts";
import { operations } from "./operations.ts";

/** Both engines in one run, in turn: `npm run bench [-- ROUNDS]`. */
const rounds = Number(process.argv[2] ?? 7);

await using cleanup = new AsyncDisposableStack();
const dir = cleanup.use(await TempDir.create("bench"));
const registry = await startDockerRegistry();
cleanup.defer(() => registry.stop());
const davitd = cleanup.use(await startDavitd());
const dockerd = cleanup.use(await startDockerd());

cleanup.use(await startGuards([davitd, dockerd]));

const plugin = await writeVolumePlugin(dir.join("plugin"));
const image = await busyboxRootfs();
const remote = `${registry.host}/acme/v:1`;
for (const engine of [davitd, dockerd]) {
  await engine.ok(["import", "-", "busybox"], { input: image });
  await engine.ok(["plugin", "create", "acme/v", plugin]);
}
const published = await writeVolumePlugin(dir.join("published"), undefined, "published");
await dockerd.ok(["plugin", "create", remote, published]);
await dockerd.ok(["plugin", "push", remote]);
await dockerd.ok(["plugin", "rm", remote]);

const row = (...[name = "", ...columns]: readonly string[]): void =>
  console.log(name.padEnd(44), ...columns.map((column) => column.padStart(12)));
row(`median of ${String(rounds)}`, "davitd", "dockerd", "faster");
for (const operation of [...operations(remote), ...authorizationOperations]) {
  const times = await measure(operation, [davitd, dockerd], rounds);
  const [own, other] = [median(times.get(davitd)), median(times.get(dockerd))];
  row(operation.name, `${own.toFixed(1)} ms`, `${other.toFixed(1)} ms`, `${(other / own).toFixed(1)} x`);
}
