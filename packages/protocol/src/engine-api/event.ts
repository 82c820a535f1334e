import * as z from "zod";

export const eventSchema = z.object({
  Type: z.string(),
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()) }),
  scope: z.string(),
  /** Seconds since 1970. */
  time: z.number(),
  /** Nanoseconds since 1970 (loses its last digits in a double). */
  timeNano: z.number(),
  status: z.string().optional(),
  id: z.string().optional(),
  from: z.string().optional(),
});
export type Event = z.output<typeof eventSchema>;
