import { open, rm } from "node:fs/promises";
import { errnoOf, Failure, messageOf } from "../failure.ts";

interface CidFile extends AsyncDisposable {
  write(id: string): Promise<void>;
}

/** The file for a container's ID, which must be new; removed again if no ID was written. */
export async function reserveCidFile(path: string): Promise<CidFile> {
  if (path === "") return { write: async () => undefined, [Symbol.asyncDispose]: async () => undefined };
  const file = await open(path, "wx", 0o644).catch((error: unknown) => {
    throw new Failure(
      errnoOf(error) === "EEXIST"
        ? `davit: container ID file found, make sure the other container isn't running or delete ${path}`
        : `davit: failed to create the container ID file: ${messageOf(error)}`,
      { exitCode: 125, cause: error },
    );
  });
  let written = false;
  return {
    async write(id) {
      await file.writeFile(id);
      written = true;
    },
    async [Symbol.asyncDispose]() {
      await file.close();
      if (!written) await rm(path, { force: true });
    },
  };
}
