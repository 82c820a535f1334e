import type { RegistryAuth } from "@davit/protocol";
import type { AuthEntry, ConfigFile } from "./config-file.ts";
import { CredentialHelper, tokenUser } from "./credential-helper.ts";
import { hostOf, registryKeyOf } from "./registry-key.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What is sent to a registry; parts that are not known are missing. */
export type Credentials = Partial<RegistryAuth>;

/** Which helper keeps a registry's credentials, if not the file itself. */
export const helperName = (config: ConfigFile, key: string): string | undefined =>
  config.credHelpers?.[hostOf(key)] ?? config.credHelpers?.[key] ?? (config.credsStore || undefined);

/** The credentials for a registry key; undefined means anonymous. */
export async function findCredentials(
  config: ConfigFile,
  key: string,
  env: Environment,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const helper = helperName(config, key);
  if (helper === undefined) return entryCredentials(config, key);
  const found = await new CredentialHelper(helper, env).get(key, signal);
  if (found === undefined) return undefined;
  return found.username === tokenUser
    ? { identitytoken: found.secret, serveraddress: key }
    : { username: found.username, password: found.secret, serveraddress: key };
}

function entryCredentials(config: ConfigFile, key: string): Credentials | undefined {
  const auths = config.auths ?? {};
  const similar = Object.keys(auths).find((name) => hostOf(name) === hostOf(key));
  const entry = auths[key] ?? (similar === undefined ? undefined : auths[similar]);
  if (entry === undefined) return undefined;
  const { username, password } = decodeEntry(entry);
  const credentials: Credentials = {
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
    ...(entry.identitytoken ? { identitytoken: entry.identitytoken } : {}),
    ...(entry.registrytoken ? { registrytoken: entry.registrytoken } : {}),
  };
  return Object.keys(credentials).length === 0 ? undefined : { ...credentials, serveraddress: key };
}

/** `auth` is base64 of `user:password`, and wins over the two fields. */
function decodeEntry(entry: AuthEntry): { username: string; password: string } {
  if (entry.auth === undefined || entry.auth === "") {
    return { username: entry.username ?? "", password: entry.password ?? "" };
  }
  const decoded = Buffer.from(entry.auth, "base64").toString("utf8");
  const colon = decoded.indexOf(":");
  if (colon === -1) return { username: "", password: "" };
  return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, "") };
}

export const encodeEntry = (username: string, password: string): string =>
  Buffer.from(`${username}:${password}`).toString("base64");

/** `X-Registry-Auth`: base64url JSON; `e30=` is nobody. */
export const encodeCredentials = (credentials: Credentials | undefined): string => {
  const text = Buffer.from(JSON.stringify(credentials ?? {})).toString("base64");
  return text.replaceAll("+", "-").replaceAll("/", "_");
};

/** The header for the registry that a reference names. */
export async function registryAuthHeader(
  context: { config(): Promise<ConfigFile>; readonly env: Environment; readonly signal: AbortSignal },
  reference: string,
): Promise<{ readonly "X-Registry-Auth": string }> {
  const key = registryKeyOf(reference);
  const found = await findCredentials(await context.config(), key, context.env, context.signal);
  return { "X-Registry-Auth": encodeCredentials(found) };
}
