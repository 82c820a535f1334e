import { createReadStream } from "node:fs";
import { resolve } from "node:path";
import { progressSchema } from "@davit/protocol";
import { list, text } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import type { Context } from "../context.ts";
import { showProgress } from "../progress/show-progress.ts";
import { familiarRepository, parseReference } from "../reference.ts";
import { openInput } from "./open-input.ts";

export const importImage = defineVerb({
  name: "import",
  aliases: ["image import"],
  usage: "[OPTIONS] file|URL|- [REPOSITORY[:TAG]]",
  summary: "Import the contents from a tarball to create a filesystem image",
  args: { min: 1, max: 2 },
  flags: {
    change: list("Apply Dockerfile instruction to the created image", { short: "c" }),
    message: text("Set commit message for imported image", { short: "m" }),
    platform: text("Set platform if server is multi-platform capable"),
  },
  async run(context, [source = "", name], { change, message, platform }) {
    const reference = name === undefined ? undefined : parseReference(name);
    const isUrl = /^(https?|ftp):\/\//.test(source);
    const messages = context.client.stream(progressSchema, {
      method: "POST",
      path: "/images/create",
      query: {
        fromSrc: isUrl ? source : "-",
        repo: reference === undefined ? undefined : familiarRepository(reference),
        tag: reference?.tag,
        message: message || undefined,
        changes: change,
        platform: platform || undefined,
      },
      headers: { "Content-Type": "application/x-tar" },
      ...(isUrl ? {} : { body: await openSource(context, source) }),
      signal: context.signal,
    });
    await showProgress(messages, context.out);
  },
});

const openSource = async (context: Context, source: string) =>
  source === "-" ? context.stdin : openInput(createReadStream(resolve(context.cwd, source)), source);
