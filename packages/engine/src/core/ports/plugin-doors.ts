/** What an answer's JSON becomes for whoever stands at the door. */
export type Translation = (answer: unknown) => Promise<object>;

export interface DoorRequest {
  /** Where the socket appears; absolute. */
  readonly path: string;
  /** The plugin's own socket. */
  readonly target: string;
  /** Methods that are answered at the door, without the plugin. */
  readonly answers: ReadonlyMap<string, object>;
  /** Whether a method is passed on; others do not exist (404). */
  readonly passes: (method: string) => boolean;
  /** How the answers of a method are translated; those of others pass as they come. */
  readonly translation: (method: string) => Translation | undefined;
}

export interface Door {
  /** The socket is gone when this returns, and calls under way are cut when it resolves. */
  close(): Promise<void>;
}

/** Sockets at which other engines reach a plugin, by the Plugin API. */
export interface PluginDoors {
  /**
   * Makes the socket appear, already answering; one that nobody serves any more gives way. Conflict if there is anything else. Calls do not
   * wait for each other.
   */
  open(request: DoorRequest): Promise<Door>;
  /** Conflict if a door could not be opened there. */
  requireFree(path: string): Promise<void>;
  /** Removes a socket that nobody serves any more; anything else stays. */
  clearStale(path: string): Promise<void>;
}
