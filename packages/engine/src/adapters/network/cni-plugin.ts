import { z } from "zod";
import { EngineError } from "../../core/errors.ts";
import { runProgram, searchPath } from "../../linux/run-program.ts";

// https://github.com/containernetworking/cni/blob/spec-v0.4.0/SPEC.md

export const cniVersion = "0.4.0";

export const cniResultSchema = z.looseObject({
  interfaces: z
    .array(z.looseObject({ name: z.string(), mac: z.string().default(""), sandbox: z.string().default("") }))
    .default([]),
  ips: z.array(z.looseObject({ address: z.string(), gateway: z.string().optional() })).default([]),
});
export type CniResult = z.output<typeof cniResultSchema>;

const errorSchema = z.object({ msg: z.string(), details: z.string().default("") });

export interface CniCall {
  readonly command: "ADD" | "DEL";
  /** Put before the plugin: `nsenter --net=...`. */
  readonly prefix: readonly string[];
  readonly path: string;
  readonly pluginDir: string;
  readonly containerId: string;
  /** Empty if it is gone, for DEL. */
  readonly namespace: string;
  readonly interfaceName: string;
  readonly config: object;
  readonly signal?: AbortSignal | undefined;
}

/** Runs one CNI plugin; answers what it printed, decoded (undefined if that is nothing). */
export async function callCni(call: CniCall): Promise<unknown> {
  const { exitCode, stdout, stderr } = await runProgram([...call.prefix, call.path], {
    env: {
      PATH: searchPath,
      CNI_COMMAND: call.command,
      CNI_CONTAINERID: call.containerId,
      CNI_NETNS: call.namespace,
      CNI_IFNAME: call.interfaceName,
      CNI_PATH: call.pluginDir,
    },
    input: JSON.stringify(call.config),
    signal: call.signal,
  });
  const answer = decode(stdout);
  if (exitCode === 0) return answer;
  const failure = errorSchema.safeParse(answer).data;
  const reason =
    failure === undefined
      ? stderr.trim()
      : [failure.msg, failure.details].filter((text) => text !== "").join(": ");
  throw new EngineError("internal", reason === "" ? `exit code ${exitCode}` : reason);
}

function decode(text: string): unknown {
  if (text.trim() === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
