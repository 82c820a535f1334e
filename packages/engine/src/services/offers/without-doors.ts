import type { PluginDiscovery } from "../../core/ports/plugin-discovery.ts";
import type { OfferedDoors } from "./offered-doors.ts";

/** What others serve: a door leads back to a plugin that this engine runs, and is known to it by its own name. */
export const withoutDoors = (
  discovery: PluginDiscovery,
  doors: Pick<OfferedDoors, "isDoor">,
): PluginDiscovery => ({
  names: () => discovery.names(),
  watch: (name) => discovery.watch(name),
  async find(name) {
    const definition = await discovery.find(name);
    const isDoor =
      definition !== undefined &&
      "socketPath" in definition.address &&
      doors.isDoor(definition.address.socketPath);
    return isDoor ? undefined : definition;
  },
});
