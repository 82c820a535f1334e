import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { Failure, messageOf } from "../failure.ts";
import { familiarRepository, parseReference } from "../reference.ts";

export const tag = defineVerb({
  name: "tag",
  aliases: ["image tag"],
  usage: "SOURCE_IMAGE[:TAG] TARGET_IMAGE[:TAG]",
  summary: "Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE",
  args: { min: 2, max: 2 },
  flags: {},
  async run(context, [source = "", target = ""]) {
    const reference = parseTarget(target);
    if (reference.digest !== undefined) throw new Failure("refusing to create a tag with a digest reference");
    await context.client.run({
      method: "POST",
      path: `${objectPath("image", source)}/tag`,
      query: { repo: familiarRepository(reference), tag: reference.tag ?? "latest" },
      signal: context.signal,
    });
    return undefined;
  },
});

function parseTarget(target: string) {
  try {
    return parseReference(target);
  } catch (error) {
    throw new Failure(
      `Error parsing reference: "${target}" is not a valid repository/tag: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
