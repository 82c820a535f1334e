import { execFileSync } from "node:child_process";
import { findPeer, peerEnvironment } from "@davit/testkit";

/** The docker CLI's major version: Debian 12 has 20. */
function dockerClientVersion(): number {
  const printed = execFileSync(findPeer("docker"), ["--version"], {
    encoding: "utf8",
    env: peerEnvironment(),
  });
  return Number(/version (\d+)/.exec(printed)?.[1]);
}

/** Whether the docker CLI is too old for tests of what a newer one prints and asks for; said once. */
export function dockerClientIsOlderThan(major: number): boolean {
  const version = dockerClientVersion();
  if (version >= major) return false;
  console.warn(`skipped: the docker CLI here is ${String(version)}, and ${String(major)} is needed`);
  return true;
}
