import { type ApiVersionRange, supportedApiVersions } from "./api-version.ts";

/** What an engine says of itself in every answer. */
export interface EngineIdentity {
  /** As in the `Server` header: `Davit`. */
  readonly name: string;
  readonly version: string;
  readonly apiVersions?: ApiVersionRange;
}

/** The headers that every answer has. */
export const engineHeaders = ({
  name,
  version,
  apiVersions = supportedApiVersions,
}: EngineIdentity): Readonly<Record<string, string>> => ({
  "Api-Version": apiVersions.max.toString(),
  "Docker-Experimental": "false",
  Ostype: "linux",
  Server: `${name}/${version} (linux)`,
});
