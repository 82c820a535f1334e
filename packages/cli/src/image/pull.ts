import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { contentTrustHelp } from "../options/format-flags.ts";
import { canonicalText, parseReference } from "../reference.ts";
import { pullImage } from "./pull-image.ts";

export const pull = defineVerb({
  name: "pull",
  aliases: ["image pull"],
  usage: "[OPTIONS] NAME[:TAG|@DIGEST]",
  summary: "Download an image from a registry",
  args: { min: 1, max: 1 },
  flags: {
    allTags: toggle("Download all tagged images in the repository", { short: "a" }),
    disableContentTrust: toggle(contentTrustHelp, { initial: true }),
    platform: text("Set platform if server is multi-platform capable"),
    quiet: toggle("Suppress verbose output", { short: "q" }),
  },
  async run(context, [image = ""], { allTags, platform, quiet }) {
    const reference = parseReference(image);
    const isNameOnly = reference.tag === undefined && reference.digest === undefined;
    if (allTags && !isNameOnly) throw new Failure("tag can't be used with --all-tags/-a");
    if (isNameOnly && !allTags && !quiet) printLine(context.out, "Using default tag: latest");
    await pullImage(context, image, { platform, quiet, output: context.out, allTags });
    printLine(context.out, canonicalText(reference, allTags));
  },
});
