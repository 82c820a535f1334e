import type { Info } from "@davit/protocol";
import type { ApiVersion } from "./api-version.ts";

/** What is told of the engine as the version's clients read it. */
export function infoOfVersion(info: Info, version: ApiVersion): unknown {
  if (version.atLeast(1, 50)) {
    const { BridgeNfIptables: _iptables, BridgeNfIp6tables: _ip6tables, ...rest } = info;
    return rest;
  }
  if (version.atLeast(1, 25)) return info;
  // There was an execution driver then, and security options were names only.
  const names = info.SecurityOptions?.map((option) => /(?:^|,)name=([^,]*)/.exec(option)?.[1] ?? option);
  return { ...info, SecurityOptions: names, ExecutionDriver: "<not supported>" };
}
