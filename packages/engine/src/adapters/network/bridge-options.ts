import { EngineError } from "../../core/errors.ts";
import { parseAddress } from "../../core/network/cidr.ts";
import type { DriverNetwork } from "../../core/ports/network-driver.ts";

export interface BridgeOptions {
  /** The interface's name. */
  readonly name: string;
  /** Whether the driver made up the name, and so the bridge. */
  readonly isOwn: boolean;
  readonly mtu: number | undefined;
  /** Whether containers of the network reach each other. */
  readonly icc: boolean;
  readonly masquerade: boolean;
  /** Where ports are published that are asked for without an address; undefined for everywhere. */
  readonly hostBinding: string | undefined;
  readonly internal: boolean;
}

const invalid = (key: string, value: string, reason: string): EngineError =>
  new EngineError("invalid", `failed to parse ${key} value: ${value} (${reason})`);

/** What a network's bridge is called; unchecked. */
export const bridgeNameOf = ({ networkId, options }: Pick<DriverNetwork, "networkId" | "options">): string =>
  genericOption(options, "com.docker.network.bridge.name") ?? `br-${networkId.slice(0, 12)}`;

function genericOption(options: DriverNetwork["options"], key: string): string | undefined {
  const generic = options["com.docker.network.generic"];
  if (typeof generic !== "object" || generic === null) return undefined;
  const value: unknown = Object.entries(generic).find(([name]) => name === key)?.[1];
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** What the options of a network mean to a bridge; https://docs.docker.com/engine/network/drivers/bridge/#options */
export function bridgeOptions({ networkId, options }: DriverNetwork): BridgeOptions {
  const given = (key: string): string | undefined => genericOption(options, key);
  const flag = (key: string): boolean => {
    const value = given(key) ?? "true";
    if (/^(1|t|T|TRUE|true|True)$/.test(value)) return true;
    if (/^(0|f|F|FALSE|false|False)$/.test(value)) return false;
    throw invalid(key, value, `strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  };
  const name = given("com.docker.network.bridge.name");
  // It is written into rules, where `+` and `!` mean something, and into a path below /proc; `%d` is a number of the kernel's choice.
  if (name !== undefined && !/^[A-Za-z0-9_][\w.-]{0,14}$/.test(name)) {
    throw invalid(
      "com.docker.network.bridge.name",
      name,
      "an interface's name has 1 to 15 letters, digits, dots, hyphens and underscores",
    );
  }
  if (name !== undefined && ["all", "default", "lo"].includes(name)) {
    throw invalid("com.docker.network.bridge.name", name, "the kernel has it for something else");
  }
  const mtu = given("com.docker.network.driver.mtu");
  if (mtu !== undefined && !/^\d{1,6}$/.test(mtu)) {
    throw invalid(
      "com.docker.network.driver.mtu",
      mtu,
      `strconv.Atoi: parsing ${JSON.stringify(mtu)}: invalid syntax`,
    );
  }
  const binding = given("com.docker.network.bridge.host_binding_ipv4");
  if (binding !== undefined && parseAddress(binding)?.family !== 4) {
    throw invalid("com.docker.network.bridge.host_binding_ipv4", binding, "nil ip");
  }
  return {
    name: name ?? bridgeNameOf({ networkId, options }),
    isOwn: name === undefined,
    mtu: mtu === undefined || mtu === "0" ? undefined : Number(mtu),
    icc: flag("com.docker.network.bridge.enable_icc"),
    masquerade: flag("com.docker.network.bridge.enable_ip_masquerade"),
    hostBinding: binding === "0.0.0.0" ? undefined : binding,
    internal: options["com.docker.network.internal"] === true,
  };
}
