import { registryKey } from "../auth/registry-key.ts";
import { text, toggle } from "../command-line/flag.ts";
import { defineVerb } from "../command-line/verb.ts";
import { type Context, printLine } from "../context.ts";
import { Failure } from "../failure.ts";
import { askCredentials, logIn } from "./log-in.ts";

export const login = defineVerb({
  name: "login",
  usage: "[OPTIONS] [SERVER]",
  summary: "Authenticate to a registry. Defaults to Docker Hub if no server is specified.",
  args: { min: 0, max: 1 },
  flags: {
    password: text("Password or Personal Access Token (PAT)", { short: "p" }),
    passwordStdin: toggle("Take the Password or Personal Access Token (PAT) from stdin"),
    username: text("Username", { short: "u" }),
  },
  async run(context, [server = ""], flags) {
    const key = registryKey(server === "" ? "docker.io" : server);
    const password = await givenPassword(context, flags);
    const credentials =
      flags.username !== "" && password !== ""
        ? { username: flags.username, password }
        : await askCredentials(context, flags.username, password);
    printLine(context.out, await logIn(context, key, credentials));
  },
});

async function givenPassword(
  context: Context,
  flags: { readonly password: string; readonly passwordStdin: boolean; readonly username: string },
): Promise<string> {
  if (!flags.passwordStdin) {
    if (flags.password !== "") {
      printLine(context.err, "WARNING! Using --password via the CLI is insecure. Use --password-stdin.");
    }
    return flags.password;
  }
  if (flags.password !== "") throw new Failure("--password and --password-stdin are mutually exclusive");
  if (flags.username === "") throw new Failure("Must provide --username with --password-stdin");
  return (await context.lines.all(context.signal)).replace(/[\r\n]+$/, "");
}
