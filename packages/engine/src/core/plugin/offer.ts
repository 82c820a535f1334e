import { type PluginConfig, parseInterfaceType } from "@davit/protocol";
import { EngineError } from "../errors.ts";
import { isFullId } from "../identifiers.ts";
import { parseReference } from "../reference.ts";
import type { PluginRecord } from "./record.ts";

/**
 * What another engine can use of a plugin that it does not run, with the names in `Plugin.Activate`. Log drivers and metrics collectors
 * need files of their own engine in their root file system.
 */
const usable: Readonly<Record<string, { readonly implement: string; readonly methods: string } | undefined>> =
  {
    volumedriver: { implement: "VolumeDriver", methods: "VolumeDriver" },
    networkdriver: { implement: "NetworkDriver", methods: "NetworkDriver" },
    ipamdriver: { implement: "IpamDriver", methods: "IpamDriver" },
    authz: { implement: "authz", methods: "AuthZPlugin" },
  };

export interface OfferedInterfaces {
  /** The names that `Plugin.Activate` answers. */
  readonly implements: readonly string[];
  readonly passes: (method: string) => boolean;
}

/** What others can use of a plugin. */
export function offeredInterfaces(config: PluginConfig): OfferedInterfaces {
  const found = config.Interface.Types.flatMap((type) => {
    const { prefix, capability } = parseInterfaceType(type);
    const known = prefix === "docker" && Object.hasOwn(usable, capability) ? usable[capability] : undefined;
    return known ?? [];
  });
  const methods = new Set(found.map((each) => each.methods));
  return {
    implements: [...new Set(found.map(({ implement }) => implement))],
    passes: (method) => methods.has(method.slice(0, method.indexOf("."))),
  };
}

/** The name under which a plugin is offered: as asked, or the last part of its own. */
export function offerName({ name }: Pick<PluginRecord, "name">, asked: string): string {
  const chosen = asked === "" ? (parseReference(name).path.split("/").at(-1) ?? "") : asked;
  if (!/^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/.test(chosen) || chosen.endsWith(".sock") || isFullId(chosen)) {
    throw new EngineError(
      "invalid",
      `offering ${name}: ${JSON.stringify(chosen)} is no name for it: expected letters, digits, "_", "." and "-", without .sock`,
    );
  }
  return chosen;
}
