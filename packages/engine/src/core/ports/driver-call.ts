export interface DriverCall {
  readonly signal?: AbortSignal | undefined;
  /** Fails at once where the driver cannot be connected, and does not try again. */
  readonly atOnce?: boolean | undefined;
}
