import { containerInspectSchema, imageInspectSchema, pluginSchema, volumeSchema } from "@davit/protocol";
import type * as z from "zod";
import { inspectObject } from "../client/inspect-object.ts";
import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { DaemonFailure, Failure } from "../failure.ts";
import { inspectEach } from "../format/inspect.ts";
import { networkIdentitySchema } from "../network/inspect.ts";
import { inspectFormatFlag } from "../options/format-flags.ts";

interface Kind {
  readonly name: string;
  readonly schema: z.ZodType;
  path(name: string): string;
}

/** In the order in which a name is looked for. */
const kinds: readonly Kind[] = [
  {
    name: "container",
    schema: containerInspectSchema.pick({ Id: true, Name: true }),
    path: (name) => `${objectPath("container", name)}/json`,
  },
  {
    name: "image",
    schema: imageInspectSchema.pick({ Id: true }),
    path: (name) => `${objectPath("image", name)}/json`,
  },
  {
    name: "network",
    schema: networkIdentitySchema,
    path: (name) => objectPath("network", name),
  },
  { name: "volume", schema: volumeSchema, path: (name) => objectPath("volume", name) },
  { name: "plugin", schema: pluginSchema, path: (name) => `${objectPath("plugin", name)}/json` },
];

export const inspect = defineVerb({
  name: "inspect",
  usage: "[OPTIONS] NAME|ID [NAME|ID...]",
  summary: "Return low-level information on Davit objects",
  args: { min: 1 },
  flags: {
    format: inspectFormatFlag(),
    size: toggle("Display total file sizes if the type is container", { short: "s" }),
    type: text("Only inspect objects of the given type"),
  },
  async run(context, args, { format, size, type }) {
    const wanted = type === "" ? kinds : kinds.filter(({ name }) => name === type);
    if (wanted.length === 0)
      throw new Failure(
        `unknown type: "${type}": must be one of ${kinds.map(({ name }) => `"${name}"`).join(", ")}`,
      );
    return inspectEach(context, args, format, async (name) => {
      for (const kind of wanted) {
        try {
          const query = { size: size && kind.name === "container" ? "1" : undefined };
          return await inspectObject(context, kind.schema, kind.path(name), query);
        } catch (error) {
          const goOn = error instanceof DaemonFailure && error.status === 404 && type === "";
          if (!goOn) throw error;
        }
      }
      throw new Failure(`Error: No such object: ${name}`);
    });
  },
});
