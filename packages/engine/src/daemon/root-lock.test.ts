import { spawn } from "node:child_process";
import { TempDir } from "@davit/testkit";
import { expect, test } from "vitest";
import { lockRoots } from "./root-lock.ts";

const script = `
  const { lockRoots } = await import(${JSON.stringify(`${import.meta.dirname}/root-lock.ts`)});
  // Kept, because what nobody holds is closed when it is collected.
  globalThis.held = lockRoots([process.argv[1]]);
  process.stdout.write("held");
  process.stdin.resume();
`;

test("a root that another process holds is refused by name and process, and free once that has ended", async () => {
  await using dir = await TempDir.create("rl");
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, dir.join("a")], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  expect(() => lockRoots([dir.join("b"), dir.join("a")])).toThrow(
    `locking ${dir.join("a")}: another davitd (process ${child.pid}) is using it`,
  );
  // The root that came first was let go of.
  lockRoots([dir.join("b")])[Symbol.dispose]();
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await ended;
  lockRoots([dir.join("a"), dir.join("a")])[Symbol.dispose]();
});

test("a root that cannot be made says why", () => {
  expect(() => lockRoots(["/dev/null/none"])).toThrow("locking /dev/null/none: ENOTDIR");
});
