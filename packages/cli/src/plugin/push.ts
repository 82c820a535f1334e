import { progressSchema } from "@davit/protocol";
import { registryAuthHeader } from "../auth/credentials.ts";
import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { contentTrustHelp } from "../options/format-flags.ts";
import { showProgress } from "../progress/show-progress.ts";
import { localName } from "../reference.ts";

export const push = defineVerb({
  name: "plugin push",
  usage: "[OPTIONS] PLUGIN[:TAG]",
  summary: "Push a plugin to a registry",
  args: { min: 1, max: 1 },
  flags: { disableContentTrust: toggle(contentTrustHelp, { initial: true }) },
  async run(context, [typed = ""]) {
    const name = localName(typed);
    const messages = context.client.stream(progressSchema, {
      method: "POST",
      path: `${objectPath("plugin", name)}/push`,
      headers: await registryAuthHeader(context, name),
      signal: context.signal,
    });
    await showProgress(messages, context.out);
  },
});
