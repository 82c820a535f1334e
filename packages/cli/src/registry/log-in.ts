import { authResponseSchema } from "@davit/protocol";
import { configPath } from "../auth/config-file.ts";
import { CredentialHelper, tokenUser } from "../auth/credential-helper.ts";
import { encodeEntry, helperName } from "../auth/credentials.ts";
import { registryKey, registryKeyOf } from "../auth/registry-key.ts";
import { type Context, printLine } from "../context.ts";
import { Failure, InterruptedFailure } from "../failure.ts";
import { readSecret } from "../terminal/read-secret.ts";

interface Login {
  readonly username: string;
  readonly password: string;
}

/** Has the daemon check the credentials, keeps them, and returns what the registry said. */
export async function logIn(context: Context, key: string, { username, password }: Login): Promise<string> {
  const { client, env, signal } = context;
  const { IdentityToken, Status } = await client.json(authResponseSchema, {
    method: "POST",
    path: "/auth",
    json: { username, password, serveraddress: key },
    signal,
  });
  const config = await context.config();
  const helper = helperName(config, key);
  if (helper !== undefined) {
    const secret =
      IdentityToken === "" ? { username, secret: password } : { username: tokenUser, secret: IdentityToken };
    await new CredentialHelper(helper, env).store(key, secret, signal);
    return Status;
  }
  const path = configPath(env);
  const entry =
    IdentityToken === ""
      ? { auth: encodeEntry(username, password) }
      : { auth: encodeEntry(username, ""), identitytoken: IdentityToken };
  await context.saveConfig({ ...config, auths: { ...config.auths, [key]: entry } });
  printLine(
    context.err,
    `\nWARNING! Your credentials are stored unencrypted in '${path}'.\n` +
      "Configure a credential helper to remove this warning. See\n" +
      "https://docs.docker.com/go/credential-store/\n",
  );
  return Status;
}

/** Asks for what was not given. */
export async function askCredentials(context: Context, username: string, password: string): Promise<Login> {
  if (context.stdin.isTTY !== true) {
    throw new Failure("Error: Cannot perform an interactive login from a non TTY device");
  }
  const name = username || (await ask(context, "Username: "));
  if (name === "") throw new Failure("Error: username is required");
  const secret = password || (await readSecret(context, "Password: "));
  if (secret === "") throw new Failure("Error: password is required");
  return { username: name, password: secret };
}

/** Log in to the registry that a reference names, because it answered that it wants to know who asks. */
export async function loginForReference(context: Context, reference: string): Promise<void> {
  const key = registryKeyOf(reference);
  printLine(context.out, `\nLogin prior to plugin install:`);
  printLine(context.out, await logIn(context, registryKey(key), await askCredentials(context, "", "")));
}

async function ask(context: Context, question: string): Promise<string> {
  context.out.write(question);
  try {
    return ((await context.lines.next(context.signal)) ?? "").trim();
  } catch (error) {
    if (context.signal.aborted) throw new InterruptedFailure(130);
    throw error;
  }
}
