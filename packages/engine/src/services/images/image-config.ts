import { type Digest, type ImageConfig, imageConfigSchema } from "@davit/protocol";
import type { ContentStore } from "../../core/ports/content.ts";
import { parseWire } from "./parse-wire.ts";

/** An image's configuration from its blob. */
export const readImageConfig = async (content: ContentStore, id: Digest): Promise<ImageConfig> =>
  parseWire(imageConfigSchema, await content.readAll(id), `read image configuration ${id}`);
