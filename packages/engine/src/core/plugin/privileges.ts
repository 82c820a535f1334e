import type { PluginConfig, Privilege } from "@davit/protocol";
import { EngineError } from "../errors.ts";

const harmlessNetworks: ReadonlySet<string> = new Set(["", "null", "bridge"]);

/** What a plugin asks of its host, in the order in which people are asked. */
export function privilegesOf(config: PluginConfig): Privilege[] {
  const privileges: Privilege[] = [];
  const ask = (Name: string, Description: string, Value: string[]): void => {
    privileges.push({ Name, Description, Value });
  };
  if (!harmlessNetworks.has(config.Network.Type)) {
    ask("network", "permissions to access a network", [config.Network.Type]);
  }
  if (config.IpcHost) ask("host ipc namespace", "allow access to host ipc namespace", ["true"]);
  if (config.PidHost) ask("host pid namespace", "allow access to host pid namespace", ["true"]);
  for (const { Source } of config.Mounts) {
    if (Source !== undefined) ask("mount", "host path to mount", [Source]);
  }
  for (const { Path } of config.Linux.Devices) {
    if (Path !== undefined) ask("device", "host device to access", [Path]);
  }
  if (config.Linux.AllowAllDevices) {
    ask("allow-all-devices", "allow 'rwm' access to all devices", ["true"]);
  }
  if (config.Linux.Capabilities.length > 0) {
    ask("capabilities", "list of additional capabilities required", [...config.Linux.Capabilities]);
  }
  return privileges;
}

/**
 * Refuses to go on unless exactly what the plugin requires was granted. Order and descriptions do not matter; every
 * name and value does, the first as much as the last.
 */
export function requireGranted(required: readonly Privilege[], granted: readonly Privilege[]): void {
  const wanted = required.map(fingerprint).sort();
  const given = granted.map(fingerprint).sort();
  if (wanted.length !== given.length || wanted.some((text, index) => text !== given[index])) {
    throw new EngineError("invalid", "incorrect privileges");
  }
}

const fingerprint = ({ Name, Value }: Privilege): string => JSON.stringify([Name, [...Value].sort()]);
