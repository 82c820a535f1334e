import type { Proxies } from "../adapters/distribution/proxy-for.ts";

/** As configured; empty where nothing is. */
interface ProxySettings {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly noProxy: string;
}

/** The proxies in force: settings win over the environment's variables, which may be written in either case. */
export function proxiesOf(
  { httpProxy, httpsProxy, noProxy }: ProxySettings,
  environment: NodeJS.ProcessEnv,
): Proxies {
  const either = (setting: string, name: string): string =>
    setting || environment[name] || environment[name.toLowerCase()] || "";
  return {
    http: either(httpProxy, "HTTP_PROXY"),
    https: either(httpsProxy, "HTTPS_PROXY"),
    none: either(noProxy, "NO_PROXY"),
  };
}

/** Whether it is the address of a proxy; `http` may be left out. */
export function isProxy(text: string): boolean {
  const url = URL.parse(text.includes("://") ? text : `http://${text}`);
  return url !== null && ["http:", "https:"].includes(url.protocol);
}

/** As the Engine tells proxies to others. */
export const withoutCredentials = (proxy: string): string =>
  proxy.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/?#]*@/i, "$1xxxxx:xxxxx@");
