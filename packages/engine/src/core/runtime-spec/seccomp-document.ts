import * as z from "zod";
import { EngineError, messageOf } from "../errors.ts";
import type { SeccompProfile, SeccompRule } from "./spec.ts";

// A filter as people write it for `--security-opt seccomp=`: https://docs.docker.com/engine/security/seccomp/

const nullish = <Schema extends z.ZodType>(schema: Schema) =>
  z.preprocess((value) => value ?? undefined, schema.optional());
const strings = z.preprocess((value) => value ?? [], z.array(z.string()));

const condition = nullish(z.object({ caps: strings, arches: strings, minKernel: nullish(z.string()) }));

const documentSchema = z.object({
  defaultAction: z.string().min(1),
  defaultErrnoRet: nullish(z.number().int()),
  architectures: strings,
  archMap: z.preprocess(
    (value) => value ?? [],
    z.array(z.object({ architecture: z.string(), subArchitectures: strings })),
  ),
  flags: strings,
  syscalls: z.preprocess(
    (value) => value ?? [],
    z.array(
      z.object({
        name: nullish(z.string()),
        names: strings,
        action: z.string(),
        errnoRet: nullish(z.number().int()),
        args: z.preprocess(
          (value) => value ?? [],
          z.array(
            z.object({
              index: z.number().int(),
              value: z.number(),
              valueTwo: nullish(z.number()),
              op: z.string(),
            }),
          ),
        ),
        includes: condition,
        excludes: condition,
      }),
    ),
  ),
});

export type SeccompDocument = z.output<typeof documentSchema>;

/** Reads a filter's JSON; invalid where it is none. */
export function parseSeccompDocument(text: string): SeccompDocument {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new EngineError("invalid", `Decoding seccomp profile failed: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const parsed = documentSchema.safeParse(json);
  if (parsed.success) {
    const doubled = parsed.data.syscalls.find(({ name, names }) => name !== undefined && names.length > 0);
    if (doubled === undefined) return parsed.data;
    throw new EngineError(
      "invalid",
      "'name' and 'names' were specified in the seccomp profile, use either 'name' or 'names'",
    );
  }
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")}: `;
  throw new EngineError("invalid", `Decoding seccomp profile failed: ${where}${issue?.message ?? ""}`);
}

/** What the conditions of a filter's rules are held against. */
export interface SeccompTarget {
  readonly capabilities: readonly string[];
  /** As Go names it: `amd64`. */
  readonly architecture: string;
  /** As `uname -r` has it. */
  readonly kernelVersion: string;
}

const nativeArchitectures: Readonly<Record<string, string>> = {
  amd64: "SCMP_ARCH_X86_64",
  arm64: "SCMP_ARCH_AARCH64",
  arm: "SCMP_ARCH_ARM",
  "386": "SCMP_ARCH_X86",
};

/** The filter for one container: of the rules those that apply to it. */
export function seccompOfDocument(document: SeccompDocument, target: SeccompTarget): SeccompProfile {
  const { defaultAction, defaultErrnoRet, flags } = document;
  const native = nativeArchitectures[target.architecture];
  const mapped = document.archMap.find(({ architecture }) => architecture === native);
  return {
    defaultAction,
    ...(defaultErrnoRet === undefined ? {} : { defaultErrnoRet }),
    architectures:
      mapped === undefined ? document.architectures : [mapped.architecture, ...mapped.subArchitectures],
    ...(flags.length === 0 ? {} : { flags }),
    syscalls: document.syscalls
      .filter((rule) => applies(rule, target))
      .map(
        (rule): SeccompRule => ({
          names: rule.name === undefined ? rule.names : [rule.name],
          action: rule.action,
          ...(rule.errnoRet === undefined ? {} : { errnoRet: rule.errnoRet }),
          ...(rule.args.length === 0
            ? {}
            : {
                args: rule.args.map(({ index, value, valueTwo, op }) => ({
                  index,
                  value,
                  op,
                  ...(valueTwo === undefined ? {} : { valueTwo }),
                })),
              }),
        }),
      ),
  };
}

function applies(
  { includes, excludes }: SeccompDocument["syscalls"][number],
  { capabilities, architecture, kernelVersion }: SeccompTarget,
): boolean {
  if (excludes !== undefined) {
    if (excludes.arches.includes(architecture)) return false;
    if (excludes.caps.some((name) => capabilities.includes(name))) return false;
    if (excludes.minKernel !== undefined && isAtLeast(kernelVersion, excludes.minKernel)) return false;
  }
  if (includes === undefined) return true;
  if (includes.arches.length > 0 && !includes.arches.includes(architecture)) return false;
  if (!includes.caps.every((name) => capabilities.includes(name))) return false;
  return includes.minKernel === undefined || isAtLeast(kernelVersion, includes.minKernel);
}

/** Compares `6.1.0-18-amd64` and `4.8` by their first two numbers. */
function isAtLeast(kernel: string, minimum: string): boolean {
  const [major = 0, minor = 0] = kernel.split(/[.-]/).map(Number);
  const [minMajor = 0, minMinor = 0] = minimum.split(".").map(Number);
  return major > minMajor || (major === minMajor && minor >= minMinor);
}
