import { EngineError } from "../core/errors.ts";

/** A version of the Engine API, `1.51`. */
export class ApiVersion {
  readonly major: number;
  readonly minor: number;

  constructor(major: number, minor: number) {
    this.major = major;
    this.minor = minor;
  }

  /** Undefined unless it is two numbers with a dot between. */
  static parse(text: string): ApiVersion | undefined {
    const match = /^(\d{1,4})\.(\d{1,4})$/.exec(text);
    return match === null ? undefined : new ApiVersion(Number(match[1]), Number(match[2]));
  }

  atLeast(major: number, minor: number): boolean {
    return this.major > major || (this.major === major && this.minor >= minor);
  }

  toString(): string {
    return `${this.major}.${this.minor}`;
  }
}

export interface ApiVersionRange {
  readonly min: ApiVersion;
  readonly max: ApiVersion;
}

/** What this engine speaks; a request without a version is of the newest. */
export const supportedApiVersions: ApiVersionRange = {
  min: new ApiVersion(1, 24),
  max: new ApiVersion(1, 51),
};

/** Fails, in the words that clients know, unless the version is one that is spoken. */
export function requireSupported(version: ApiVersion, { min, max }: ApiVersionRange): void {
  const asked = version.toString();
  if (!version.atLeast(min.major, min.minor)) {
    throw new EngineError(
      "invalid",
      `client version ${asked} is too old. Minimum supported API version is ${min.toString()}, please upgrade your client to a newer version`,
    );
  }
  if (!max.atLeast(version.major, version.minor)) {
    throw new EngineError(
      "invalid",
      `client version ${asked} is too new. Maximum supported API version is ${max.toString()}`,
    );
  }
}
