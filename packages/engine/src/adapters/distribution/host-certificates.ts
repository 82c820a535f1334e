import { readdir, readFile } from "node:fs/promises";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { EngineError, errnoOf, messageOf } from "../../core/errors.ts";

/** What `<dir>/<host>` holds: `*.crt` are authorities, `*.cert` with its `*.key` is the client's certificate. */
export interface HostCertificates {
  readonly authorities: readonly string[];
  readonly client?: { readonly certificate: string; readonly key: string };
}

const none: HostCertificates = { authorities: [] };

export async function readHostCertificates(dir: string, host: string): Promise<HostCertificates> {
  // The host may come from a redirect, and `.` and `..` are hosts to a URL.
  if (/^\.*$/.test(host)) return none;
  const path = `${dir}/${host}`;
  const names = await listDirectory(path);
  const read = async (name: string): Promise<string> =>
    await readFile(`${path}/${name}`, "utf8").catch((error: unknown) => {
      throw certificateError(`${path}/${name}`, error);
    });
  const authorities = await Promise.all(names.filter((name) => name.endsWith(".crt")).map(read));
  const certificate = names.find((name) => name.endsWith(".cert"));
  if (certificate === undefined) return { authorities };
  const key = certificate.replace(/\.cert$/, ".key");
  if (!names.includes(key)) {
    throw new EngineError("invalid", `missing key ${key} for client certificate ${path}/${certificate}`);
  }
  return { authorities, client: { certificate: await read(certificate), key: await read(key) } };
}

/** Sorted; empty if there is no such directory. */
async function listDirectory(path: string): Promise<string[]> {
  try {
    return (await readdir(path)).toSorted((a, b) => (a < b ? -1 : 1));
  } catch (error) {
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw certificateError(path, error);
  }
}

/** Trusts Node's and the system's authorities besides the host's own, where there is anything to verify. */
export function secureContextFor(
  { authorities, client }: HostCertificates,
  verified: boolean,
): SecureContext {
  const trusted = (): string[] => [
    ...getCACertificates("default"),
    ...getCACertificates("system"),
    ...authorities,
  ];
  try {
    return createSecureContext({
      ...(verified ? { ca: [...new Set(trusted())] } : {}),
      ...(client === undefined ? {} : { cert: client.certificate, key: client.key }),
    });
  } catch (error) {
    throw new EngineError("invalid", `load registry certificates: ${messageOf(error)}`, { cause: error });
  }
}

const certificateError = (path: string, error: unknown): EngineError =>
  new EngineError("internal", `read certificates ${path}: ${messageOf(error)}`, { cause: error });
