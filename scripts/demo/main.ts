import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { busyboxRootfs, repository, startDavitd, startDockerRegistry } from "@davit/testkit";
import { Typist } from "./typist.ts";

/** A plugin's whole life on a throwaway daemon and a throwaway registry, as a user would type it. */
async function demo(signal: AbortSignal): Promise<void> {
  await using cleanup = new AsyncDisposableStack();
  const registry = await startDockerRegistry();
  cleanup.defer(() => registry.stop());
  const davitd = cleanup.use(await startDavitd());
  const docker = dockerCommand();
  const env = {
    ...davitd.environment(),
    PATH: `${repository}/bin:${dirname(process.execPath)}:${process.env["PATH"] ?? ""}`,
  };
  const typist = new Typist({ cwd: davitd.dir, env, signal });
  const say = (text: string): void => typist.say(text);
  const type = (line: string): Promise<void> => typist.type(line);
  const plugin = `${registry.host}/demo/local-volumes:1`;

  console.log(`davitd listens on ${davitd.socket}, a registry on ${registry.host}.`);
  console.log(`export DOCKER_HOST=unix://${davitd.socket}`);

  say("An author packs a plugin and pushes it to a registry.");
  const pack = join(repository, "examples/local-volumes/pack.ts");
  await type(`node ${quoted(pack)} local-volumes`);
  await type(`${docker} plugin create ${plugin} local-volumes`);
  await type(`${docker} plugin push ${plugin}`);
  await type(`${docker} plugin rm ${plugin}`);

  say("An operator installs it from there, and grants what it asks for.");
  await type(`echo y | ${docker} plugin install --alias local-volumes ${plugin}`);
  await type(`${docker} plugin ls`);

  say("A volume of that plugin outlives the container that writes to it.");
  await type(`${docker} volume create --driver local-volumes treasure`);
  await type(`${docker} volume ls`);
  await writeFile(join(davitd.dir, "busybox.tar"), await busyboxRootfs());
  await type(`${docker} import busybox.tar busybox`);
  const run = `${docker} run --rm --network none --volume treasure:/data busybox`;
  await type(`${run} sh -c 'echo "X marks the spot" > /data/map'`);
  await type(`${run} cat /data/map`);

  say("What the plugin prints is in the daemon's log, with its ID.");
  await writeFile(join(davitd.dir, "davitd.log"), davitd.log.map((line) => `${line}\n`).join(""));
  await type("grep plugin= davitd.log");

  say("Everything can be removed again.");
  await type(`${docker} volume rm treasure`);
  await type(`${docker} plugin disable local-volumes`);
  await type(`${docker} plugin rm local-volumes`);
  await type(`${docker} rmi busybox`);
}

/** As a shell reads it, where it needs quotes. */
const quoted = (path: string): string =>
  /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;

/** The docker CLI if there is one, else Davit's own, which is spoken to alike. */
function dockerCommand(): string {
  const folders = (process.env["PATH"] ?? "").split(":");
  return folders.some((folder) => existsSync(join(folder, "docker"))) ? "docker" : "davit";
}

const interrupted = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => interrupted.abort());
}

try {
  await demo(interrupted.signal);
  console.log("\nThe throwaway daemon and registry are gone. To keep a daemon: npm start, then, elsewhere,");
  console.log("export DOCKER_HOST=unix:///run/davit/davit.sock and use docker, or use bin/davit.");
} catch (error) {
  if (interrupted.signal.aborted) console.error("\ninterrupted: everything was cleaned up");
  else console.error(`\nthe demo failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = interrupted.signal.aborted ? 130 : 1;
}
