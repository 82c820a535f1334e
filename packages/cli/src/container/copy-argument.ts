import { isAbsolute } from "node:path";

interface CopyArgument {
  /** Empty for this host. */
  readonly container: string;
  readonly path: string;
}

/** `CONTAINER:PATH`; a path with a colon is written with `/` or `./` before. */
export function splitArgument(text: string): CopyArgument {
  const colon = text.indexOf(":");
  if (isAbsolute(text) || colon === -1 || text.startsWith(".")) return { container: "", path: text };
  return { container: text.slice(0, colon), path: text.slice(colon + 1) };
}

/** Whether a directory's content is meant, not the directory itself. */
export const meansContent = (path: string): boolean => path === "." || path.endsWith("/.");
