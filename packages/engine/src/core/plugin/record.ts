import type { Digest, PluginConfig, PluginSettings } from "@davit/protocol";

export interface LayerRecord {
  readonly digest: Digest;
  readonly mediaType: string;
  readonly sizeBytes: number;
  readonly diffId: Digest;
}

/** A directory that this engine did not make and took a plugin from. Kept when the plugin goes, so that it does not come back. */
export interface AdoptionRecord {
  /** The directory's name, and the plugin's ID. */
  readonly id: string;
  /** What was in it; nothing of this is ever removed. */
  readonly originals: readonly string[];
}

/** Everything that is stored of a plugin. Desired state only: what it does now is asked of the runtime. */
export interface PluginRecord {
  readonly id: string;
  /** Familiar name with tag; unique. */
  readonly name: string;
  /** The remote reference in full, or the name if it was made here. */
  readonly reference: string;
  /** What the operator wants: running or not. */
  readonly enabled: boolean;
  /** Bounds each call to the plugin, in seconds; 0 for none. */
  readonly timeoutSeconds: number;
  readonly config: PluginConfig;
  readonly settings: PluginSettings;
  readonly manifestDigest: Digest;
  readonly configDigest: Digest;
  /** Bottom first. */
  readonly layers: readonly LayerRecord[];
  /** The key of its writable directory; new with each upgrade. */
  readonly rootfsKey: string;
  /** The name under which other engines find it; absent if they do not. */
  readonly offeredAs?: string;
}
