export interface DriverCall {
  readonly signal?: AbortSignal | undefined;
}
