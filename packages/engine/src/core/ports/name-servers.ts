import type { IpFamily } from "../network/cidr.ts";

/** What a sandbox's name server answers by itself, and whom it asks for the rest. */
export interface NameSource {
  /** The addresses of that family of a name without its final dot; undefined for a name that is not known here. */
  addresses(name: string, family: IpFamily): readonly string[] | undefined;
  /** What an address is called; undefined for one that is not known here. */
  names(address: string): readonly string[] | undefined;
  /** Addresses of servers, best first; none where nothing outside is to be known. */
  upstreams(): Promise<readonly string[]>;
}

/** Name servers at 127.0.0.11 in sandboxes, for as long as this engine runs. */
export interface NameServers {
  /** Resolves once it listens. One that is there already stays. */
  start(id: string, sandboxKey: string, source: NameSource): Promise<void>;
  /** One that is not there is no error. */
  stop(id: string): Promise<void>;
  /** Ends all; sandboxes are without until the next engine starts theirs. */
  close(): Promise<void>;
}

/** Where sandboxes find their name server. */
export const nameServerAddress = "127.0.0.11";
