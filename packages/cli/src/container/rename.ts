import { objectPath } from "../client/object-path.ts";
import { defineVerb } from "../command-line/verb.ts";
import { Failure } from "../failure.ts";

export const rename = defineVerb({
  name: "rename",
  aliases: ["container rename"],
  usage: "CONTAINER NEW_NAME",
  summary: "Rename a container",
  args: { min: 2, max: 2 },
  flags: {},
  async run(context, [from = "", to = ""]) {
    if (to.trim() === "") throw new Failure("new name cannot be blank");
    await context.client.run({
      method: "POST",
      path: `${objectPath("container", from.trim())}/rename`,
      query: { name: to.trim() },
      signal: context.signal,
    });
    return undefined;
  },
});
