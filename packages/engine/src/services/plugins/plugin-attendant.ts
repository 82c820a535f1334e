import type { PluginRecord } from "../../core/plugin/record.ts";
import type { PluginConnection } from "../../core/ports/plugin-connection.ts";

/** A plugin that is up. */
export interface UpPlugin {
  readonly record: PluginRecord;
  readonly connection: PluginConnection;
}

/**
 * Whoever has something to do when a plugin comes up or goes down. Told one after the other for each plugin, in its queue of operations, so
 * each bounds its own time. None of it fails: what goes wrong is the attendant's to log.
 */
export interface PluginAttendant {
  /** Its socket accepts connections: after enable, a restart, or a take-over from an earlier engine. */
  cameUp(plugin: UpPlugin, signal: AbortSignal): Promise<void>;
  /** It is about to be stopped, or the engine is, and it still answers. */
  goesDown(plugin: UpPlugin): Promise<void>;
  /** Its process has ended by itself. */
  fellOver(record: PluginRecord): void;
}
