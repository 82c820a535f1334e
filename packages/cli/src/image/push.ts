import { progressSchema } from "@davit/protocol";
import { registryAuthHeader } from "../auth/credentials.ts";
import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { contentTrustHelp } from "../options/format-flags.ts";
import { showProgress, skipProgress } from "../progress/show-progress.ts";
import { canonicalText, familiarRepository, parseReference } from "../reference.ts";

export const push = defineVerb({
  name: "push",
  aliases: ["image push"],
  usage: "[OPTIONS] NAME[:TAG]",
  summary: "Upload an image to a registry",
  args: { min: 1, max: 1 },
  flags: {
    allTags: toggle("Push all tags of an image to the repository", { short: "a" }),
    disableContentTrust: toggle(contentTrustHelp, { initial: true }),
    platform: text("Push a platform-specific manifest as a single-platform image to the registry"),
    quiet: toggle("Suppress verbose output", { short: "q" }),
  },
  async run(context, [name = ""], { allTags, quiet, platform }) {
    const reference = parseReference(name);
    const isNameOnly = reference.tag === undefined && reference.digest === undefined;
    if (allTags && !isNameOnly) throw new Failure("tag can't be used with --all-tags/-a");
    if (reference.digest !== undefined) throw new Failure("cannot push a digest reference");
    const tag = reference.tag ?? "latest";
    if (isNameOnly && !allTags && !quiet) printLine(context.out, `Using default tag: ${tag}`);
    const messages = context.client.stream(progressSchema, {
      method: "POST",
      path: `${objectPath("image", familiarRepository(reference))}/push`,
      query: { tag: allTags ? undefined : tag, platform: platform || undefined },
      headers: await registryAuthHeader(context, name),
      signal: context.signal,
    });
    await (quiet ? skipProgress(messages) : showProgress(messages, context.out));
    if (quiet) printLine(context.out, canonicalText(reference, allTags));
  },
});
