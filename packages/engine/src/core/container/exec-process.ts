import type { ExecCreateBody } from "@davit/protocol";
import * as z from "zod";
import { EngineError } from "../errors.ts";
import type { RuntimeSpec } from "../runtime-spec/spec.ts";
import type { ResolvedUser } from "./user.ts";

type SpecProcess = RuntimeSpec["process"];

const strings = z.array(z.string()).default([]);

/** What counts for us; whatever else there is applies to what is run besides, too. */
const bundleSchema = z.looseObject({
  process: z.looseObject({
    terminal: z.boolean().default(false),
    user: z.object({
      uid: z.number(),
      gid: z.number(),
      additionalGids: z.array(z.number()).optional(),
    }),
    args: strings,
    env: strings,
    cwd: z.string(),
    capabilities: z.object({
      bounding: strings,
      effective: strings,
      permitted: strings,
      inheritable: strings,
    }),
  }),
});

/** The process that a running container was started with, from its bundle's `config.json`. */
export function processOfBundle(text: string): SpecProcess {
  const { user, ...process } = bundleSchema.parse(JSON.parse(text)).process;
  const { additionalGids, ...ids } = user;
  return { ...process, user: additionalGids === undefined ? ids : { ...ids, additionalGids } };
}

export interface ExecSurroundings {
  /** Of the container, as it runs. */
  readonly base: SpecProcess;
  /** The user who is asked for; undefined for the container's own. */
  readonly user: ResolvedUser | undefined;
  /** What a privileged one may have. */
  readonly allCapabilities: readonly string[];
  /** As for any program in the container: what is asked for wins over it. */
  readonly environment: readonly string[];
}

/** A program besides the container's own, set up as that is but for what was asked. */
export function execProcess(body: ExecCreateBody, around: ExecSurroundings): SpecProcess {
  const { base, user, allCapabilities: all } = around;
  if (body.Cmd.length === 0) throw new EngineError("invalid", "No exec command specified");
  return {
    ...base,
    terminal: body.Tty,
    ...(user === undefined ? {} : { user }),
    args: body.Cmd,
    env: withLastOfEach([...around.environment, ...body.Env]),
    cwd: body.WorkingDir === "" ? base.cwd : body.WorkingDir,
    ...(body.Privileged
      ? { capabilities: { bounding: all, effective: all, permitted: all, inheritable: [] } }
      : {}),
  };
}

/** Each name in its first place with its last value; a name alone takes the variable away. */
function withLastOfEach(environment: readonly string[]): readonly string[] {
  const byName = new Map<string, string>();
  for (const variable of environment) {
    const equals = variable.indexOf("=");
    if (equals === -1) byName.delete(variable);
    else byName.set(variable.slice(0, equals), variable);
  }
  return [...byName.values()];
}
