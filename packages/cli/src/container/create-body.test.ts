import { containerCreateBodySchema } from "@davit/protocol";
import { expect, test } from "vitest";
import { parseCommandLine } from "../command-line/parse.ts";
import { createBody } from "./create-body.ts";
import { createFlags } from "./create-flags.ts";

function body(...argv: readonly string[]) {
  const grammar = { name: "x", usage: "", summary: "", args: { min: 0 }, flags: createFlags };
  const { flags, args } = parseCommandLine(grammar, argv);
  return containerCreateBodySchema.parse(
    createBody({
      image: "bb",
      command: args,
      flags,
      env: flags.env,
      labels: flags.label,
      volumes: [
        { kind: "anonymous", destination: "/a" },
        { kind: "bind", bind: "v:/b" },
      ],
      mounts: [],
      restart: { Name: "no", MaximumRetryCount: 0 },
      attach: { stdin: false, stdout: true, stderr: true },
      autoRemove: true,
      consoleSize: [0, 0],
    }),
  );
}

test("a plain command line is a body that the daemon understands", () => {
  const parsed = body(
    "-e",
    "A=1",
    "-w",
    "/w",
    "-u",
    "1:2",
    "--network",
    "none",
    "--tmpfs",
    "/t:size=1m",
    "sh",
  );
  expect(parsed).toMatchObject({
    Image: "bb",
    Cmd: ["sh"],
    Env: ["A=1"],
    WorkingDir: "/w",
    User: "1:2",
    Volumes: { "/a": {} },
    HostConfig: {
      Binds: ["v:/b"],
      NetworkMode: "none",
      AutoRemove: true,
      Tmpfs: { "/t": "size=1m" },
    },
  });
  expect(parsed.Entrypoint).toBeUndefined();
});

test("an empty entrypoint is one empty word", () => {
  expect(body("--entrypoint", "").Entrypoint).toEqual([""]);
});
