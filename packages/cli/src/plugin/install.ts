import { progressSchema } from "@davit/protocol";
import { registryAuthHeader } from "../auth/credentials.ts";
import { objectPath } from "../client/object-path.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { contentTrustHelp } from "../options/format-flags.ts";
import { showProgress } from "../progress/show-progress.ts";
import { familiarTagged, localName, parseReference } from "../reference.ts";
import { grantPrivileges } from "./privileges.ts";

export const install = defineVerb({
  name: "plugin install",
  usage: "[OPTIONS] PLUGIN [KEY=VALUE...]",
  summary: "Install a plugin",
  args: { min: 1 },
  flags: {
    alias: text("Local name for plugin"),
    disable: toggle("Do not enable the plugin on install"),
    disableContentTrust: toggle(contentTrustHelp, { initial: true }),
    grantAllPermissions: toggle("Grant all permissions necessary to run the plugin"),
  },
  async run(context, [remote = "", ...settings], flags) {
    const alias = flags.alias === "" ? "" : localName(flags.alias);
    parseReference(remote);
    const privileges = await grantPrivileges(context, remote, flags.grantAllPermissions);
    if (privileges === undefined) throw new Failure(`permission denied while installing plugin ${remote}`);
    const name = await pull(context, remote, alias, privileges);
    const path = objectPath("plugin", name);
    const { client, signal } = context;
    if (settings.length > 0) {
      try {
        await client.run({ method: "POST", path: `${path}/set`, json: settings, signal });
      } catch (error) {
        // With settings that it does not have it is not the plugin that was asked for.
        await client.run({ method: "DELETE", path, signal });
        throw error;
      }
    }
    if (!flags.disable) {
      await client.run({ method: "POST", path: `${path}/enable`, query: { timeout: 0 }, signal });
    }
    printLine(context.out, `Installed plugin ${remote}`);
  },
});

/** Returns the local name. */
async function pull(
  context: Context,
  remote: string,
  alias: string,
  privileges: readonly unknown[],
): Promise<string> {
  let name = alias === "" ? familiarTagged(parseReference(remote)) : alias;
  const messages = context.client.stream(
    progressSchema,
    {
      method: "POST",
      path: "/plugins/pull",
      query: { name: alias === "" ? undefined : alias, remote },
      headers: await registryAuthHeader(context, remote),
      json: privileges,
      signal: context.signal,
    },
    (response) => {
      const given = response.headers["docker-plugin-name"];
      if (typeof given === "string" && given !== "") name = given;
    },
  );
  await showProgress(messages, context.out);
  return name;
}
