import { execCreateBodySchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { execProcess, processOfBundle } from "./exec-process.ts";

const base = processOfBundle(
  JSON.stringify({
    process: {
      terminal: true,
      user: { uid: 7, gid: 8, additionalGids: [8] },
      args: ["sh"],
      env: ["PATH=/bin", "STALE=1"],
      cwd: "/srv",
      capabilities: { bounding: ["CAP_KILL"], effective: [], permitted: [], inheritable: [] },
      noNewPrivileges: true,
    },
    mounts: [],
  }),
);

const made = (body: Readonly<Record<string, unknown>>) =>
  execProcess(execCreateBodySchema.parse({ Cmd: ["id"], ...body }), {
    base,
    user: undefined,
    allCapabilities: ["CAP_KILL", "CAP_BPF"],
    environment: ["PATH=/bin", "A=1"],
  });

test("runs as the container's own process does, with other words", () => {
  expect(made({})).toEqual({
    ...base,
    terminal: false,
    args: ["id"],
    env: ["PATH=/bin", "A=1"],
  });
});

test("adds, changes and takes away variables", () => {
  expect(made({ Env: ["A=2", "B=", "PATH"] }).env).toEqual(["A=2", "B="]);
});

test("has every capability when privileged, and the directory that is asked for", () => {
  expect(made({ Privileged: true, WorkingDir: "/tmp" })).toMatchObject({
    cwd: "/tmp",
    capabilities: { effective: ["CAP_KILL", "CAP_BPF"] },
  });
});

test("refuses a command without words", () => {
  expect(() => made({ Cmd: [] })).toThrow("No exec command specified");
});
