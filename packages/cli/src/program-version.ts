import packageFile from "../package.json" with { type: "json" };

/** This client's own version. */
export const programVersion: string = packageFile.version;
