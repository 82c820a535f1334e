import { CredentialHelper } from "../auth/credential-helper.ts";
import { helperName } from "../auth/credentials.ts";
import { hostOf, registryKey } from "../auth/registry-key.ts";
import { defineVerb } from "../command-line/verb.ts";
import { printLine } from "../context.ts";

export const logout = defineVerb({
  name: "logout",
  usage: "[SERVER]",
  summary: "Log out from a registry. Defaults to Docker Hub if no server is specified.",
  args: { min: 0, max: 1 },
  flags: {},
  async run(context, [server = ""]) {
    const key = registryKey(server === "" ? "docker.io" : server);
    printLine(context.out, `Removing login credentials for ${key}`);
    const config = await context.config();
    const helper = helperName(config, key);
    if (helper !== undefined) await new CredentialHelper(helper, context.env).erase(key, context.signal);
    const auths = Object.entries(config.auths ?? {});
    const kept = auths.filter(([name]) => hostOf(name) !== hostOf(key));
    if (kept.length < auths.length) {
      await context.saveConfig({ ...config, auths: Object.fromEntries(kept) });
    }
  },
});
