import { join } from "node:path";
import {
  busyboxRootfs,
  type CommandResult,
  findPeer,
  repository,
  runCommand,
  startDavitdInOwnNetwork,
  type TestEngine,
} from "@davit/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

const cleanup = new AsyncDisposableStack();
let engine: TestEngine;

beforeAll(async () => {
  engine = cleanup.use(await startDavitdInOwnNetwork());
  await engine.ok(["import", "-", "busybox"], { input: await busyboxRootfs() });
  for (const own of ["zig", "zag"]) {
    await engine.ok(["create", "--name", `box-${own}`, "--network", "none", "busybox", "sleep", "600"]);
    await engine.ok(["network", "disconnect", "none", `box-${own}`]);
  }
});
afterAll(() => cleanup.disposeAsync());

const plain = (text: string): string =>
  text
    .replaceAll(/^(?:See|Run) '.*\n/gm, "")
    .replaceAll(/\b(?:zig|zag)\b/g, "own")
    .replaceAll(/\bdocker\b/g, "davit")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "{id}")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "{short-id}")
    .replaceAll(/\b(?:172|192)\.\d+\.\d+\./g, "{net}.")
    .replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, "{time}");

test.for([
  "network create net-own",
  "network create net-own",
  "network create --subnet 10.{n}.0.0/16 --ip-range 10.{n}.5.0/24 --gateway 10.{n}.0.9 --aux-address a=10.{n}.0.8 --label l=m --opt com.docker.network.driver.mtu=1400 --internal --attachable sub-own",
  "network create --subnet 10.{n}.0.0/16 --gateway 10.9.9.9 x",
  "network create --gateway 10.9.9.9 x",
  "network create --subnet nonsense x",
  "network create --ipv4=false x",
  "network create --driver nosuch x",
  "network create --config-only x",
  "network create --label =x x",
  "network create",
  "network create a b",
  "network create none",
  "network ls --filter name=own",
  "network ls --filter nonsense=1",
  "network ls --filter driver=bridge --filter label=l --quiet --no-trunc",
  "network inspect net-own",
  "network inspect sub-own",
  "network inspect --format {{.Name}}:{{.Driver}} sub-own nosuch",
  "network connect --alias x --ip 10.{n}.0.77 --driver-opt a=b sub-own box-own",
  "network connect --gw-priority 3 net-own box-own",
  "network connect --ip 1.2.3 net-own box-own",
  "network connect net-own nosuch",
  "network connect nosuch box-own",
  "network connect net-own",
  "inspect --format {{json\u00a0.NetworkSettings.Networks}} box-own",
  "network disconnect net-own box-own",
  "network disconnect net-own box-own",
  "network disconnect --force net-own nosuch",
  "network rm bridge",
  "network rm net-own nosuch",
  "network rm --force nosuch",
  "network remove",
  "network prune --force --filter label=nosuch",
  "network prune",
  "create --name two-own --network net-a --network name=net-b,alias=x,gw-priority=2 --network-alias y busybox",
  "inspect --format {{.HostConfig.NetworkMode}}{{json\u00a0.NetworkSettings.Networks}} two-own",
  "create --network a --network host busybox",
  "create --network name=a,odd=b busybox",
  "create --network name=a,ip=10.1.1.1 --ip 10.1.1.1 busybox",
  "create --network nosuch --name lost-own busybox true",
  "start lost-own",
])("%s", async (typed) => {
  const run = async (own: string, number: string, program: string): Promise<CommandResult> => {
    const args = typed.replaceAll("own", own).replaceAll("{n}", number).split(" ");
    const result = await runCommand(
      program,
      args.map((word) => word.replaceAll("\u00a0", " ")),
      {
        env: engine.environment(),
        input: "n\n",
      },
    );
    const tell = (text: string): string => plain(text).replaceAll(`10.${number}.`, "10.n.");
    return { ...result, stdout: tell(result.stdout), stderr: tell(result.stderr) };
  };
  const davit = await run("zig", "31", join(repository, "bin/davit"));
  const docker = await run("zag", "32", findPeer("docker"));
  expect(davit).toEqual(docker);
});

test("names of networks, containers and drivers are completed", async () => {
  await engine.ok(["network", "create", "completed"]);
  const complete = async (...words: readonly string[]) => {
    const args = ["__complete", "--", ...words];
    const { stdout } = await runCommand(join(repository, "bin/davit"), args, { env: engine.environment() });
    return stdout.split("\n").flatMap((line) => line.split("\t")[0] || []);
  };
  expect(await complete("network", "rm", "com")).toEqual(["completed"]);
  expect(await complete("network", "connect", "completed", "box-zi")).toEqual(["box-zig"]);
  expect(await complete("network", "create", "--driver", "br")).toEqual(["bridge"]);
});
