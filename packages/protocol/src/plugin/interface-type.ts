import * as z from "zod";

/** What a plugin serves, written `prefix.capability/version`, e.g. `docker.volumedriver/1.0`. */
export interface InterfaceType {
  readonly prefix: string;
  readonly capability: string;
  readonly version: string;
}

/** The text up to the first `/` is split at its last `.`; the rest is the version. */
export function parseInterfaceType(text: string): InterfaceType {
  const slash = text.indexOf("/");
  const head = slash === -1 ? text : text.slice(0, slash);
  const dot = head.lastIndexOf(".");
  return {
    prefix: dot === -1 ? "" : head.slice(0, dot),
    capability: head.slice(dot + 1),
    version: slash === -1 ? "" : text.slice(slash + 1),
  };
}

export const interfaceTypeSchema = z.string();
