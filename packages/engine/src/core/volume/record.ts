/** Everything that is stored of a volume; whether its data is there, its driver knows. */
export interface VolumeRecord {
  readonly name: string;
  /** `local` or the full name of a plugin. */
  readonly driver: string;
  readonly options: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly createdAt: string;
  /** What was last asked of the driver and not yet confirmed, if anything: settled at the next start. */
  readonly pending: "create" | "remove" | undefined;
}

/** A container's hold on a volume: in use as long as the container exists, mounted as long as it runs. */
export interface VolumeUse {
  readonly volume: string;
  readonly containerId: string;
  readonly destination: string;
  /** The ID given to the driver at Mount and to be given at Unmount; undefined while not mounted. */
  readonly mountId: string | undefined;
}
