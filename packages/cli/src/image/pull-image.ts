import { progressSchema } from "@davit/protocol";
import { registryAuthHeader } from "../auth/credentials.ts";
import type { Context, Output } from "../context.ts";
import { showProgress, skipProgress } from "../progress/show-progress.ts";
import { familiarRepository, parseReference } from "../reference.ts";

export interface PullOptions {
  readonly platform: string;
  readonly quiet: boolean;
  readonly output: Output;
  readonly allTags?: boolean;
}

/** Asks the daemon to pull, and shows its progress. */
export async function pullImage(context: Context, image: string, options: PullOptions): Promise<void> {
  const reference = parseReference(image);
  const tag = options.allTags === true ? "" : (reference.digest ?? reference.tag ?? "latest");
  const messages = context.client.stream(progressSchema, {
    method: "POST",
    path: "/images/create",
    query: {
      fromImage: familiarRepository(reference),
      tag: tag || undefined,
      platform: options.platform || undefined,
    },
    headers: await registryAuthHeader(context, image),
    signal: context.signal,
  });
  await (options.quiet ? skipProgress(messages) : showProgress(messages, options.output));
}
