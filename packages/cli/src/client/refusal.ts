import * as z from "zod";

const errorSchema = z.object({ message: z.string() });

/** Why the daemon refused, from its answer. */
export function reasonOf(body: string, statusText: string): string {
  try {
    const parsed = errorSchema.safeParse(JSON.parse(body));
    if (parsed.success) return parsed.data.message;
  } catch {
    // Not JSON: old versions and the attach endpoint answer in plain text, which is the reason then.
  }
  return body.trim() || statusText;
}
