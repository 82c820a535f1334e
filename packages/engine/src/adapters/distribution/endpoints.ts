import { EngineError } from "../../core/errors.ts";
import type { RegistryAccess } from "../../core/ports/registry.ts";
import type { InsecureHosts } from "./insecure-hosts.ts";

/** One place at which a registry may answer. */
export interface Endpoint {
  /** Ends in `/v2/`. */
  readonly base: URL;
  /** A mirror is pulled from only, anonymously, and told which registry it stands for. */
  readonly mirrorOf?: string;
}

const hubDomain = "docker.io";
const hubHost = "registry-1.docker.io";

/** Where to look for a registry's artifacts, in order: mirrors, https, and http where that is allowed. */
export async function endpointsFor(
  domain: string,
  actions: RegistryAccess["actions"],
  policy: { readonly insecureHosts: InsecureHosts; readonly registryMirrors: readonly string[] },
): Promise<Endpoint[]> {
  if (domain === hubDomain) {
    const mirrors = actions === "pull" ? policy.registryMirrors : [];
    return [
      ...mirrors.map((mirror) => mirrorEndpoint(mirror, domain)),
      { base: baseOf(`https://${hubHost}`) },
    ];
  }
  const secure = { base: baseOf(`https://${domain}`) };
  const insecure = await policy.insecureHosts.includes(domain);
  return insecure ? [secure, { base: baseOf(`http://${domain}`) }] : [secure];
}

/** Checks a configured mirror; `https` if it names no scheme. */
export function mirrorEndpoint(mirror: string, mirrorOf: string): Endpoint {
  const text = mirror.includes("://") ? mirror : `https://${mirror}`;
  const base = baseOf(text);
  if ((base.protocol !== "https:" && base.protocol !== "http:") || base.search !== "" || base.hash !== "") {
    throw new EngineError(
      "invalid",
      `registry mirror ${mirror}: expected an http or https URL without query`,
    );
  }
  if (base.username !== "" || base.password !== "") {
    throw new EngineError("invalid", "registry mirror: credentials in the URL are not supported");
  }
  return { base, mirrorOf };
}

function baseOf(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new EngineError("invalid", `registry ${text}: not a URL`);
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/v2/`;
  return url;
}
