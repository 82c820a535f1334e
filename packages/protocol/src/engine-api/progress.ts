import * as z from "zod";

/** One line of a progress stream. */
export const progressSchema = z.object({
  id: z.string().optional(),
  status: z.string().optional(),
  progressDetail: z.object({ current: z.number().optional(), total: z.number().optional() }).optional(),
  progress: z.string().optional(),
  aux: z.unknown().optional(),
  stream: z.string().optional(),
  error: z.string().optional(),
  errorDetail: z.object({ message: z.string(), code: z.number().optional() }).optional(),
});
export type Progress = z.output<typeof progressSchema>;
