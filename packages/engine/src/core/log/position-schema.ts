import * as z from "zod";

const pending = z
  .object({
    offset: z.number(),
    skipBytes: z.number(),
    id: z.string(),
    pieces: z.number(),
    timestamp: z.string(),
  })
  .optional();

/** A position as it is kept from one engine to the next. */
export const positionSchema = z.object({
  offset: z.number(),
  pending: z.object({ stdout: pending, stderr: pending }),
});
