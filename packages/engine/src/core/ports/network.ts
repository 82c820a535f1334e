export interface PublishedPort {
  readonly hostPort: number;
  readonly containerPort: number;
  readonly protocol: "tcp" | "udp" | "sctp";
  /** All addresses if it is absent. */
  readonly hostAddress?: string;
}
