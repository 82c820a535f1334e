import * as z from "zod";

export const volumeKindSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("directory") }),
  z.object({ type: z.literal("tmpfs"), size: z.string().optional() }),
]);

/** What a volume is made of, as kept in the index. */
export type VolumeKind = z.output<typeof volumeKindSchema>;

/** What mount(8) takes: bytes, or with a unit, or a share of the memory. */
const tmpfsSize = /^([1-9]\d*[kmg]?|[1-9]\d?%|100%)$/i;

/** Reads `--opt type=directory|tmpfs --opt size=10m`. */
export function parseVolumeOptions(options: Readonly<Record<string, string>>): VolumeKind {
  const { type = "directory", size, ...unknown } = options;
  const [stranger] = Object.keys(unknown);
  if (stranger !== undefined) throw new Error(`unknown option "${stranger}" (known: type, size)`);
  if (type === "directory") {
    if (size !== undefined) throw new Error('option "size" needs type=tmpfs');
    return { type };
  }
  if (type !== "tmpfs") throw new Error(`option "type": "${type}" is neither directory nor tmpfs`);
  if (size === undefined) return { type };
  if (!tmpfsSize.test(size)) throw new Error(`option "size": "${size}" is not a size such as 10m`);
  return { type, size };
}
