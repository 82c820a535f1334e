import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { z } from "zod";
import { errnoOf, wrapError } from "../../core/errors.ts";
import { cniResultSchema } from "./cni-plugin.ts";

const schema = z.object({
  ports: z.array(
    z.object({
      hostPort: z.number(),
      containerPort: z.number(),
      protocol: z.enum(["tcp", "udp", "sctp"]),
      hostAddress: z.string().optional(),
    }),
  ),
  ipMasq: z.boolean(),
  /** Undefined while the namespace is being attached. */
  result: cniResultSchema.optional(),
});
export type Attachment = z.output<typeof schema>;

/** What has been asked of the CNI plugins, which want to be told again when it is to be undone. */
export class Attachments {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  async read(id: string): Promise<Attachment | undefined> {
    try {
      return schema.parse(JSON.parse(await readFile(this.#path(id), "utf8")));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw wrapError(`read network attachment ${id}`, error);
    }
  }

  async write(id: string, attachment: Attachment): Promise<void> {
    await mkdir(this.#dir, { recursive: true, mode: 0o700 });
    await writeFile(this.#path(id), JSON.stringify(attachment), { mode: 0o600 });
  }

  remove(id: string): Promise<void> {
    return rm(this.#path(id), { force: true });
  }

  #path(id: string): string {
    return `${this.#dir}/${id}.json`;
  }
}
