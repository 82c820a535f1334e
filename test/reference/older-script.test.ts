import { join } from "node:path";
import { peerEnvironment, runCommand } from "@davit/testkit";
import { compareScripts } from "./compare-scripts.ts";
import { olderScript } from "./script.ts";

/** Debian's docker CLI, wherever the newer one that the path names first has come from. */
async function findOlderCli(): Promise<string> {
  const env = peerEnvironment();
  for (const folder of (env["PATH"] ?? "").split(":")) {
    const cli = join(folder, "docker");
    const version = await runCommand(cli, ["--version"], { env }).catch(() => undefined);
    if (version?.stdout.startsWith("Docker version 20.10.") === true) return cli;
  }
  throw new Error("the docker CLI 20.10 is missing: run npm run setup -- --peers");
}

compareScripts("20.10", olderScript, findOlderCli);
