import { containerInspectSchema } from "@davit/protocol";
import * as z from "zod";

/** What must be known of a container to attach to it; daemons differ in the rest. */
export const containerStreamsSchema = z.object({
  Id: z.string(),
  Config: containerInspectSchema.shape.Config.pick({ Tty: true, OpenStdin: true }),
  HostConfig: z.looseObject({ AutoRemove: z.boolean().optional() }),
});
