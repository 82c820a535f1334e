import { pluginSchema, progressSchema } from "@davit/protocol";
import { registryAuthHeader } from "../auth/credentials.ts";
import { objectPath } from "../client/object-path.ts";
import { toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { DaemonFailure, Failure } from "../failure.ts";
import { contentTrustHelp } from "../options/format-flags.ts";
import { showProgress } from "../progress/show-progress.ts";
import { familiarTagged, parseReference } from "../reference.ts";
import { confirm } from "../terminal/confirm.ts";
import { grantPrivileges } from "./privileges.ts";

export const upgrade = defineVerb({
  name: "plugin upgrade",
  usage: "[OPTIONS] PLUGIN [REMOTE]",
  summary: "Upgrade an existing plugin",
  args: { min: 1, max: 2 },
  flags: {
    disableContentTrust: toggle(contentTrustHelp, { initial: true }),
    grantAllPermissions: toggle("Grant all permissions necessary to run the plugin"),
    skipRemoteCheck: toggle("Do not check if specified remote plugin matches existing plugin image"),
  },
  async run(context, [name = "", given], flags) {
    const plugin = await readPlugin(context, name);
    if (plugin.Enabled) throw new Failure("the plugin must be disabled before upgrading");
    const remote = given ?? plugin.PluginReference;
    const next = familiarTagged(parseReference(remote));
    const present =
      plugin.PluginReference === "" ? "" : familiarTagged(parseReference(plugin.PluginReference));
    printLine(context.out, `Upgrading plugin ${plugin.Name} from ${present} to ${next}`);
    if (next !== present && !flags.skipRemoteCheck) {
      if (!(await confirm(context, "Plugin images do not match, are you sure?"))) return;
    }
    const privileges = await grantPrivileges(context, remote, flags.grantAllPermissions);
    if (privileges === undefined) throw new Failure(`permission denied while installing plugin ${remote}`);
    const messages = context.client.stream(progressSchema, {
      method: "POST",
      path: `${objectPath("plugin", name)}/upgrade`,
      query: { remote },
      headers: await registryAuthHeader(context, remote),
      json: privileges,
      signal: context.signal,
    });
    await showProgress(messages, context.out);
    printLine(context.out, `Upgraded plugin ${name} to ${remote}`);
  },
});

async function readPlugin(context: Context, name: string) {
  try {
    return await context.client.json(pluginSchema, {
      method: "GET",
      path: `${objectPath("plugin", name)}/json`,
      signal: context.signal,
    });
  } catch (error) {
    if (!(error instanceof DaemonFailure)) throw error;
    throw new Failure(`error reading plugin data: ${error.message}`, { cause: error });
  }
}
