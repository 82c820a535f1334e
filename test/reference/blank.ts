import type { Places } from "./places.ts";
import { evened } from "./script.ts";

/** What the CLI prints when an engine refuses a context before it was sent whole: a matter of speed, too. */
const aborted = /level=error msg="Can't (?:add file|close tar writer)/;

/** Statuses between the first and the last of a layer: which of them are seen is a matter of speed. */
const transient =
  /^[0-9a-f]{12}: (Waiting|Pulling fs layer|Downloading|Verifying Checksum|Download complete|Extracting|Preparing|Uploading|Pushing|Already exists|Layer already exists|Pushed)\b/;

/** Blanks what cannot be the same in two runs: identifiers, digests, times, sizes, ports, places. */
export function blank(
  text: string,
  { engineDir, places }: { readonly engineDir: string; readonly places: Places },
): string {
  let blanked = text;
  for (const [name, place] of Object.entries(places)) {
    if (name !== "hex") blanked = blanked.replaceAll(place, `{${name}}`);
  }
  for (const { pattern, by } of evened) blanked = blanked.replaceAll(pattern, by);
  return blanked
    .replaceAll(engineDir, "{engine}")
    .split("\n")
    .filter((line) => !transient.test(line) && !aborted.test(line))
    .join("\n")
    .replaceAll(/sha256:[0-9a-f]{64}/g, "{digest}")
    .replaceAll(/\b[0-9a-f]{64}\b/g, "{id}")
    .replaceAll(/\b[0-9a-f]{12}\b/g, "{short-id}")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "{time}")
    .replaceAll(/ {3,}(?=\S)/g, (spaces, offset: number, all: string) =>
      offset === 0 || all[offset - 1] === "\n" ? spaces : "   ",
    );
}
