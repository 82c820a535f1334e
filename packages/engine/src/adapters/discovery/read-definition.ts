import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import { describeIssue, pluginDefinitionSchema } from "@davit/protocol";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";
import { parsePluginAddress } from "../../core/plugin/plugin-address.ts";
import type { PluginAddress, PluginTls } from "../../core/ports/plugin-connection.ts";
import type { PluginDefinition } from "../../core/ports/plugin-discovery.ts";
import type { Place } from "./places.ts";

/** More is neither a definition of a plugin nor a certificate. */
const maxBytes = 1024 * 1024;

/** What a file says; undefined if there is none of its kind. Whatever is wrong with it is told with its path. */
export async function readDefinition(name: string, place: Place): Promise<PluginDefinition | undefined> {
  const found = await statIfPresent(place.path);
  if (found === undefined || (place.kind === "socket" && !found.isSocket())) return undefined;
  try {
    const address = await readAddress(place);
    const identity = JSON.stringify([place.path, address, await socketIdentity(address)]);
    return { name, path: place.path, address, identity };
  } catch (error) {
    throw new EngineError("invalid", `plugin ${name}: ${place.path}: ${messageOf(error)}`, { cause: error });
  }
}

async function readAddress({ path, kind }: Place): Promise<PluginAddress> {
  if (kind === "socket") return { socketPath: path };
  const text = await readPlain(path, "it");
  return kind === "spec" ? specAddress(text.trim()) : await jsonAddress(text);
}

/** A `.spec` says where a plugin is and nothing of who it is: with TLS, nobody is verified. */
function specAddress(text: string): PluginAddress {
  if (text === "") throw new Error("it is empty: expected the plugin's address");
  return withTls(parsePluginAddress(text), { verify: false, exclusive: false });
}

async function jsonAddress(text: string): Promise<PluginAddress> {
  const parsed = pluginDefinitionSchema.safeParse(parseJson(text));
  if (!parsed.success) throw new Error(describeIssue(parsed.error));
  const { Addr, TLSConfig } = parsed.data;
  if (Addr === "") throw new Error("Addr: expected the plugin's address");
  const address = parsePluginAddress(Addr);
  // https without a word on TLS is the web's.
  return withTls(
    address,
    TLSConfig === undefined ? { verify: true, exclusive: false } : await readTls(TLSConfig),
  );
}

const withTls = (address: PluginAddress, tls: PluginTls): PluginAddress =>
  "origin" in address && address.origin.startsWith("https:") ? { ...address, tls } : address;

type TlsConfig = NonNullable<ReturnType<typeof pluginDefinitionSchema.parse>["TLSConfig"]>;

const versions = { 769: "TLSv1", 770: "TLSv1.1", 771: "TLSv1.2", 772: "TLSv1.3" } as const;
const isVersion = (value: number): value is keyof typeof versions => value in versions;

async function readTls(config: TlsConfig): Promise<PluginTls> {
  const { InsecureSkipVerify, CAFile, CertFile, KeyFile, Passphrase, ExclusiveRootPools, MinVersion } =
    config;
  if (MinVersion !== 0 && !isVersion(MinVersion)) {
    throw new Error(`TLSConfig.MinVersion: expected 771 (TLS 1.2) or 772 (TLS 1.3), got ${MinVersion}`);
  }
  if ((CertFile === "") !== (KeyFile === "")) {
    throw new Error("TLSConfig: CertFile and KeyFile belong together: one of them is missing");
  }
  const [ca, cert, key] = await Promise.all([
    readPem("CAFile", CAFile),
    readPem("CertFile", CertFile),
    readPem("KeyFile", KeyFile),
  ]);
  return {
    // Docker Engine verifies nobody unless it is told by whom.
    verify: !InsecureSkipVerify && ca !== undefined,
    exclusive: ExclusiveRootPools && ca !== undefined,
    ca,
    cert,
    key,
    ...(Passphrase === "" ? {} : { passphrase: Passphrase }),
    ...(isVersion(MinVersion) ? { minVersion: versions[MinVersion] } : {}),
  };
}

async function readPem(field: string, path: string): Promise<string | undefined> {
  if (path === "") return undefined;
  try {
    const text = await readPlain(path, path);
    if (!text.includes("-----BEGIN ")) throw new Error(`${path}: nothing in PEM`);
    return text;
  } catch (error) {
    throw new Error(`TLSConfig.${field}: ${messageOf(error)}`, { cause: error });
  }
}

/** Neither a pipe nor a device, which would never end. */
async function readPlain(path: string, subject: string): Promise<string> {
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const found = await file.stat();
  if (!found.isFile()) throw new Error(`${subject} is not a file`);
  if (found.size > maxBytes) throw new Error(`${subject} has ${found.size} bytes, which is too many`);
  return await file.readFile("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // What the old documentation shows has one.
    const hint = /,\s*[}\]]/.test(text) ? " (JSON has no comma before a closing bracket)" : "";
    throw new Error(`invalid JSON: ${messageOf(error)}${hint}`, { cause: error });
  }
}

/** A socket that was made anew is another process's. */
async function socketIdentity(address: PluginAddress): Promise<string> {
  if (!("socketPath" in address)) return "";
  const found = await statIfPresent(address.socketPath);
  return found === undefined ? "" : `${found.dev}:${found.ino}:${found.ctimeMs}`;
}

async function statIfPresent(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const code = errnoOf(error) ?? "";
    if (["ENOENT", "ENOTDIR", "ELOOP", "ENAMETOOLONG"].includes(code)) return undefined;
    throw new EngineError("invalid", messageOf(error), { cause: error });
  }
}
