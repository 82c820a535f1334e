import { integer, text } from "../command-line/flag.ts";
import type { FlagValues } from "../command-line/verb.ts";

/** How a container is to be stopped. */
export const stopFlags = {
  signal: text("Signal to send to the container", { short: "s" }),
  timeout: integer("Seconds to wait before killing the container", { short: "t" }),
  // Its name before Docker 28.
  time: integer("Seconds to wait before killing the container", { hidden: true }),
};

export const stopQuery = ({ signal, timeout, time }: FlagValues<typeof stopFlags>) => ({
  t: timeout ?? time,
  signal: signal || undefined,
});
