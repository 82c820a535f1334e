import {
  busyboxRootfs,
  daemonRoots,
  findPeer,
  peerEnvironment,
  repository,
  runCommand,
  TempDir,
} from "@davit/testkit";
import { expect, test } from "vitest";
import { startProgram } from "./start-program.ts";

/** Shows the system's programs without some, to what is run in the mount namespace that this is started in. */
const hiding = `
  set -e
  dir=$1 hidden=$2
  shift 2
  for place in /usr/bin /usr/sbin; do
    mkdir -p "$dir/real$place" "$dir/shown$place"
    mount --bind "$place" "$dir/real$place"
    for program in "$place"/*; do ln -s "$dir/real$program" "$dir/shown$place"; done
    for name in $hidden; do rm -f "$dir/shown$place/$name"; done
  done
  mount --bind "$dir/shown/usr/sbin" /usr/sbin
  mount --bind "$dir/shown/usr/bin" /usr/bin
  exec "$@"
`;

/** A daemon in a network and on a host of its own, where these programs are not installed. */
async function startWithout(hidden: string) {
  await using cleanup = new AsyncDisposableStack();
  const dir = cleanup.use(await TempDir.create("np"));
  const socket = dir.join("s");
  const daemon = [`${repository}/bin/davitd`, ...daemonRoots(dir.path), "--config-file=/dev/null"];
  const inside = ["sh", "-c", hiding, "sh", dir.join("host"), hidden, ...daemon, `--host=unix://${socket}`];
  const started = cleanup.use(startProgram("unshare", ["--mount", "--net", ...inside], peerEnvironment()));
  await started.line("completed initialization");
  const env = { ...peerEnvironment(), DOCKER_HOST: `unix://${socket}`, DOCKER_CONFIG: dir.path };
  const docker = (args: readonly string[], input?: Uint8Array) =>
    runCommand(findPeer("docker"), args, { env, ...(input === undefined ? {} : { input }) });
  expect((await docker(["import", "-", "busybox"], await busyboxRootfs())).exitCode).toBe(0);
  const owned = cleanup.move();
  return { docker, log: started.log, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const echo = ["busybox", "echo", "ran"];

test("without ip, what needs a bridge says so and names what does not, which works", async () => {
  await using engine = await startWithout("ip");
  const refused = expect.stringContaining(
    "the program ip is not installed, which bridge networks need (install iproute2, or use --network none or --network host)",
  );
  expect(await engine.docker(["run", "--rm", ...echo])).toMatchObject({ exitCode: 125, stderr: refused });
  expect(await engine.docker(["network", "create", "mine"])).toMatchObject({ exitCode: 1, stderr: refused });
  for (const network of ["none", "host"]) {
    const { stdout, stderr } = await engine.docker(["run", "--rm", "--network", network, ...echo]);
    expect([network, stdout, stderr]).toEqual([network, "ran\n", ""]);
  }
  expect((await engine.docker(["ps", "--all", "--quiet"])).stdout).toBe("");
});

test("without iptables containers run on bridges, which is told in the log, and no ports are published", async () => {
  await using engine = await startWithout("iptables ip6tables iptables-restore ip6tables-restore");
  expect(await engine.docker(["run", "--rm", ...echo])).toMatchObject({ exitCode: 0, stdout: "ran\n" });
  expect(engine.log.join("\n")).toContain("bridge networks do not reach beyond the host");
  const published = await engine.docker(["run", "--rm", "--publish", "8099:80", ...echo]);
  expect(published.stderr).toContain(
    "publish ports: iptables cannot be used on this host: run iptables: the program is not installed (use --network host, or reach the container at its address)",
  );
  expect(published.exitCode).toBe(125);
  expect((await engine.docker(["ps", "--all", "--quiet"])).stdout).toBe("");
});
